#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/base/error.h"
#include "sim/base/signature.h"
#include "twin/registry/verdict.h"

// The receipt of a gate's verdict: an in-toto Statement v1 with predicate
// https://in-toto.io/attestation/test-result/v0.1 in a DSSE envelope, signed
// with Ed25519. It binds by SHA-256 the candidate's files (its subject) and all
// that the verdict rests on (its predicate's configuration): the gate's own
// files with summary.json, every input that summary.json names, and the version
// of Airlock, which is that of the twin. FORMAT.md has the fields.
namespace airlock {

inline constexpr char kReceiptName[] = "receipt.dsse.json";

// Another file than the candidate's that a receipt binds.
struct BoundFile {
  std::string role;  // "verdict", "gate", "trace", "profile", ...
  std::string path;
  std::string sha256;
  bool in_gate_folder = true;  // else `path` is as the gate was given it
};

// A receipt whose signature holds.
struct Receipt {
  std::string digest;  // SHA-256 of its file: its name in a registry
  std::string text;    // its file
  std::string key_id;  // PublicKey::id() of the key whose signature holds
  std::string result;  // "PASSED" promote, "WARNED" inconclusive, "FAILED"
                       // reject
  std::vector<std::string> passed, warned, failed;  // criteria, by label
  std::vector<ModelFile> subject;  // the candidate's, sorted by path
  std::vector<BoundFile> bound;    // in the statement's order
  std::string airlock_version;     // "0.1.0"
  std::string airlock_commit;      // as `airlock --version` says it
  nlohmann::json statement;

  // ModelDigest of the subject.
  std::string model_digest() const { return ModelDigest(subject); }
  // SHA-256 of a file that it binds, by its path in the gate's folder; empty if
  // it does not.
  std::string sha256_in_gate_folder(const std::string& path) const;
  std::string summary_sha256() const {
    return sha256_in_gate_folder("summary.json");
  }
};

// Why a receipt does not hold.
enum class ReceiptFault {
  kUnreadable,   // no such file, or not a receipt at all
  kUnknownKey,   // signed, but with none of the keys
  kSignature,    // one of the keys is named, and its signature is wrong
  kStatement,    // signed, but not the statement of a gate's verdict
  kMissingFile,  // a file that it binds cannot be read
  kChangedFile,  // a file that it binds is another one now
  kVerdict,      // it says something else than the verdict that it binds
};
const char* ToString(ReceiptFault fault);

// The exit code is kInput for kUnreadable, kStatement and kMissingFile, else
// kNo.
class ReceiptError : public Error {
 public:
  ReceiptError(ReceiptFault fault, const std::string& what);
  ReceiptFault fault() const { return fault_; }

 private:
  ReceiptFault fault_;
};

// Writes FOLDER/receipt.dsse.json for the verdict in FOLDER/summary.json; binds
// every file that is in the folder by then but log.txt and report.html, which
// say nothing that the others do not. Equal folders and keys give equal
// receipts. Throws InputError if summary.json is not a gate's verdict, or an
// input that it names is another one than was judged.
void SealVerdict(const std::string& folder, const SigningKey& key);

// Reads an envelope's text, checks its signature against `keys` and that it
// seals a gate's verdict; looks at no other file. `name` is printed in
// messages. Throws ReceiptError. A key that the envelope names is only tried
// first: what counts is which of `keys` signed.
Receipt OpenReceipt(const std::string& text, const std::string& name,
                    const std::vector<PublicKey>& keys);

// Opens FOLDER/receipt.dsse.json, and compares every digest with the files as
// they are now, and the result with the verdict. Relative inputs of the gate
// are looked for from `root` (empty: the current folder). Throws ReceiptError.
Receipt VerifyReceipt(const std::string& folder,
                      const std::vector<PublicKey>& keys,
                      const std::string& root = "");

}  // namespace airlock
