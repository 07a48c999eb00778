#include "twin/registry/receipt.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/json.h"
#include "sim/base/version.h"
#include "twin/registry/dsse.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr char kPayloadType[] = "application/vnd.in-toto+json";
constexpr char kStatementType[] = "https://in-toto.io/Statement/v1";
constexpr char kPredicateType[] =
    "https://in-toto.io/attestation/test-result/v0.1";
constexpr char kSummary[] = "summary.json";
constexpr char kTwin[] = "twin";
// Where a bound file's path starts.
constexpr char kGateFolder[] = "gate-folder";
constexpr char kWorkingFolder[] = "working-folder";

// What the gate's own files are; the others are "evidence".
std::string RoleOf(const std::string& path) {
  static const std::map<std::string, std::string> roles = {
      {kSummary, "verdict"},
      {"gate.resolved.yaml", "resolved gate"},
      {"scenario.resolved.yaml", "resolved scenario"},
      {"profile.yaml", "calibration profile"},
      {"incumbent.model", "incumbent"},
      {"drift.trigger", "drift trigger"},
      {"result.h5", "rehearsal"}};
  const auto found = roles.find(path);
  return found == roles.end() ? "evidence" : found->second;
}

// The outcome of the gate in the words of the predicate.
std::string ResultOf(const std::string& outcome, const std::string& name) {
  if (outcome == "promote") return "PASSED";
  if (outcome == "inconclusive") return "WARNED";
  if (outcome == "reject") return "FAILED";
  throw InputError(
      fmt::format("{}: '{}' is not a verdict: promote, reject or inconclusive",
                  name, outcome));
}

json Descriptor(const BoundFile& file) {
  return {
      {"name", file.path},
      {"digest", {{"sha256", file.sha256}}},
      {"annotations",
       {{"role", file.role},
        {"relativeTo", file.in_gate_folder ? kGateFolder : kWorkingFolder}}}};
}

// The program that judged, which is the twin's version too.
json TwinDescriptor() {
  json twin = {
      {"name", "airlock"},
      {"uri", "pkg:generic/airlock@" + Version()},
      {"annotations",
       {{"role", kTwin}, {"version", Version()}, {"commit", GitCommit()}}}};
  if (!GitCommitId().empty()) twin["digest"] = {{"gitCommit", GitCommitId()}};
  return twin;
}

// Every file in the gate's folder by its path there, hidden ones not: those of
// a write that is under way.
std::vector<std::string> FilesIn(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_regular_file() || name[0] == '.') continue;
    files.push_back(fs::relative(entry.path(), folder).string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

json StatementFor(const std::string& folder, const GateRecord& record) {
  std::set<std::string> candidate;
  json subject = json::array();
  for (const ModelFile& file : record.files) {
    candidate.insert(file.path);
    subject.push_back(
        {{"name", file.path}, {"digest", {{"sha256", file.sha256}}}});
  }
  json configuration = json::array();
  for (const std::string& path : FilesIn(folder)) {
    if (candidate.count(path) > 0 || path == kReceiptName ||
        path == "log.txt" || path == "report.html") {
      continue;
    }
    configuration.push_back(Descriptor(
        {RoleOf(path), path, Sha256OfFile(folder + "/" + path), true}));
  }
  for (const GateInputFile& input : record.inputs) {
    configuration.push_back(
        Descriptor({input.what, input.path, input.sha256, false}));
  }
  configuration.push_back(TwinDescriptor());
  json tests = {{"PASSED", json::array()},
                {"WARNED", json::array()},
                {"FAILED", json::array()}};
  for (const json& criterion : record.summary.at("criteria")) {
    const std::string outcome = criterion.value("outcome", "");
    tests[ResultOf(outcome, kSummary)].push_back(
        criterion.value("label", criterion.value("kind", "")));
  }
  return {{"_type", kStatementType},
          {"subject", subject},
          {"predicateType", kPredicateType},
          {"predicate",
           {{"result", ResultOf(record.verdict, kSummary)},
            {"configuration", configuration},
            {"passedTests", tests["PASSED"]},
            {"warnedTests", tests["WARNED"]},
            {"failedTests", tests["FAILED"]}}}};
}

// The bytes that one of `keys` signed, and that key. Those whose id the
// envelope names are no more than a better message when none fits.
const PublicKey& Signer(const DsseEnvelope& envelope, const std::string& name,
                        const std::vector<PublicKey>& keys) {
  const std::string signed_bytes =
      PreAuthenticationEncoding(envelope.payload_type, envelope.payload);
  bool named = false;
  for (const DsseSignature& signature : envelope.signatures) {
    for (const PublicKey& key : keys) {
      if (key.Verifies(signed_bytes, signature.bytes)) return key;
      named = named || key.id() == signature.key_id;
    }
  }
  if (named) {
    throw ReceiptError(
        ReceiptFault::kSignature,
        fmt::format("{}: the signature is wrong: the receipt was changed after "
                    "it was signed, or the key that it names did not sign it",
                    name));
  }
  std::string ids;
  for (const DsseSignature& signature : envelope.signatures) {
    ids += fmt::format("{}{:.16}", ids.empty() ? "" : ", ", signature.key_id);
  }
  std::string known;
  for (const PublicKey& key : keys) {
    known += fmt::format("{}{:.16}", known.empty() ? "" : ", ", key.id());
  }
  throw ReceiptError(
      ReceiptFault::kUnknownKey,
      fmt::format("{}: signed with a key that is not trusted: {}; trusted: {}",
                  name, ids.empty() ? "without an id" : ids,
                  known.empty() ? "none" : known));
}

bool IsSha256(const std::string& text) {
  return text.size() == 64 &&
         text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string Sha256In(const json& descriptor) {
  const auto digest = descriptor.at("digest").at("sha256").get<std::string>();
  if (IsSha256(digest)) return digest;
  throw InputError(fmt::format("'{}' is not a SHA-256", digest));
}

// Fills in the receipt from its statement. Throws json::exception or
// InputError, without the file's name.
void ReadStatement(Receipt* receipt) {
  const json& statement = receipt->statement;
  for (const auto& [key, expected] :
       {std::pair("_type", kStatementType),
        std::pair("predicateType", kPredicateType)}) {
    const auto found = statement.at(key).get<std::string>();
    if (found == expected) continue;
    throw InputError(
        fmt::format("its {} is '{}', not '{}'", key, found, expected));
  }
  for (const json& row : statement.at("subject")) {
    receipt->subject.push_back(
        {row.at("name").get<std::string>(), Sha256In(row)});
  }
  receipt->subject = CheckedModelFiles(std::move(receipt->subject));
  const json& predicate = statement.at("predicate");
  predicate.at("result").get_to(receipt->result);
  if (receipt->result != "PASSED" && receipt->result != "WARNED" &&
      receipt->result != "FAILED") {
    throw InputError(
        fmt::format("its result is '{}', not PASSED, WARNED or "
                    "FAILED",
                    receipt->result));
  }
  for (const auto& [key, list] : {std::pair("passedTests", &receipt->passed),
                                  std::pair("warnedTests", &receipt->warned),
                                  std::pair("failedTests", &receipt->failed)}) {
    if (predicate.contains(key)) predicate.at(key).get_to(*list);
  }
  for (const json& row : predicate.at("configuration")) {
    const json notes = row.value("annotations", json::object());
    const auto role = notes.at("role").get<std::string>();
    if (role == kTwin) {
      notes.at("version").get_to(receipt->airlock_version);
      notes.at("commit").get_to(receipt->airlock_commit);
      continue;
    }
    const auto place = notes.at("relativeTo").get<std::string>();
    if (place != kGateFolder && place != kWorkingFolder) {
      throw InputError(fmt::format("'{}' is not '{}' or '{}'", place,
                                   kGateFolder, kWorkingFolder));
    }
    receipt->bound.push_back({role, row.at("name").get<std::string>(),
                              Sha256In(row), place == kGateFolder});
    if (place == kGateFolder && !StaysInFolder(receipt->bound.back().path)) {
      throw InputError(
          fmt::format("'{}' is not a path inside the gate's folder",
                      receipt->bound.back().path));
    }
  }
  if (receipt->summary_sha256().empty()) {
    throw InputError("it does not bind the verdict's summary.json");
  }
  if (receipt->airlock_version.empty()) {
    throw InputError("it does not bind the version of Airlock");
  }
}

void CheckBoundFile(const std::string& path, const std::string& sha256,
                    const std::string& role, const char* hint) {
  std::string now;
  try {
    now = Sha256OfFile(path);
  } catch (const Error& error) {
    throw ReceiptError(ReceiptFault::kMissingFile,
                       fmt::format("{} (the {} that the receipt binds{})",
                                   error.what(), role, hint));
  }
  if (now == sha256) return;
  throw ReceiptError(
      ReceiptFault::kChangedFile,
      fmt::format("{}: the {} changed since the receipt was made: its SHA-256 "
                  "is {}, the receipt has {}",
                  path, role, now, sha256));
}

// Throws unless the receipt says what the verdict says.
void CheckAgainstVerdict(const Receipt& receipt, const std::string& folder) {
  const GateRecord record = ReadGateRecord(folder);
  const auto fail = [&folder](const std::string& what) {
    throw ReceiptError(ReceiptFault::kVerdict,
                       fmt::format("{}/{}: {}", folder, kReceiptName, what));
  };
  const std::string result = ResultOf(record.verdict, folder);
  if (result != receipt.result) {
    fail(fmt::format("says {}, but the verdict is {}", receipt.result,
                     record.verdict));
  }
  if (ModelDigest(record.files) != receipt.model_digest()) {
    fail("is about other files than the verdict's candidate");
  }
  std::set<std::pair<std::string, std::string>> bound;
  for (const BoundFile& file : receipt.bound) {
    if (!file.in_gate_folder) bound.emplace(file.path, file.sha256);
  }
  for (const GateInputFile& input : record.inputs) {
    if (bound.count({input.path, input.sha256}) == 0) {
      fail(fmt::format("does not bind {}, on which the verdict rests",
                       input.path));
    }
  }
}

ExitCode CodeOf(ReceiptFault fault) {
  switch (fault) {
    case ReceiptFault::kUnreadable:
    case ReceiptFault::kStatement:
    case ReceiptFault::kMissingFile:
      return ExitCode::kInput;
    default:
      return ExitCode::kNo;
  }
}

}  // namespace

const char* ToString(ReceiptFault fault) {
  switch (fault) {
    case ReceiptFault::kUnreadable:
      return "unreadable";
    case ReceiptFault::kUnknownKey:
      return "unknown key";
    case ReceiptFault::kSignature:
      return "wrong signature";
    case ReceiptFault::kStatement:
      return "wrong statement";
    case ReceiptFault::kMissingFile:
      return "missing file";
    case ReceiptFault::kChangedFile:
      return "changed file";
    case ReceiptFault::kVerdict:
      return "contradicts the verdict";
  }
  return "";
}

ReceiptError::ReceiptError(ReceiptFault fault, const std::string& what)
    : Error(what, CodeOf(fault)), fault_(fault) {}

std::string Receipt::sha256_in_gate_folder(const std::string& path) const {
  for (const BoundFile& file : bound) {
    if (file.in_gate_folder && file.path == path) return file.sha256;
  }
  return "";
}

void SealVerdict(const std::string& folder, const SigningKey& key) {
  const GateRecord record = ReadGateRecord(folder);
  CheckGateFiles(record, folder);
  // Text of the user's may be any bytes; JSON is UTF-8.
  const std::string statement =
      StatementFor(folder, record)
          .dump(-1, ' ', false, json::error_handler_t::replace);
  WriteFileAtomically(folder + "/" + kReceiptName,
                      ToText(SignEnvelope(kPayloadType, statement, key)));
}

Receipt OpenReceipt(const std::string& text, const std::string& name,
                    const std::vector<PublicKey>& keys) {
  DsseEnvelope envelope;
  try {
    envelope = ParseEnvelope(text, name);
  } catch (const InputError& error) {
    throw ReceiptError(ReceiptFault::kUnreadable, error.what());
  }
  // The order of the protocol: nothing is parsed that nobody vouches for.
  const PublicKey& signer = Signer(envelope, name, keys);
  if (envelope.payload_type != kPayloadType) {
    throw ReceiptError(ReceiptFault::kStatement,
                       fmt::format("{}: its payload is '{}', not '{}'", name,
                                   envelope.payload_type, kPayloadType));
  }
  Receipt receipt;
  receipt.text = text;
  receipt.digest = Sha256(text);
  receipt.key_id = signer.id();
  try {
    receipt.statement = json::parse(envelope.payload);
    ReadStatement(&receipt);
  } catch (const json::exception& error) {
    throw ReceiptError(
        ReceiptFault::kStatement,
        fmt::format("{}: not the statement of a gate's verdict: {}", name,
                    CauseOf(error)));
  } catch (const InputError& error) {
    throw ReceiptError(
        ReceiptFault::kStatement,
        fmt::format("{}: not the statement of a gate's verdict: {}", name,
                    error.what()));
  }
  return receipt;
}

Receipt VerifyReceipt(const std::string& folder,
                      const std::vector<PublicKey>& keys,
                      const std::string& root) {
  const std::string name = folder + "/" + kReceiptName;
  std::string text;
  try {
    text = ReadFile(name);
  } catch (const Error& error) {
    throw ReceiptError(ReceiptFault::kUnreadable, error.what());
  }
  Receipt receipt = OpenReceipt(text, name, keys);
  for (const ModelFile& file : receipt.subject) {
    CheckBoundFile(folder + "/" + file.path, file.sha256, "candidate", "");
  }
  for (const BoundFile& file : receipt.bound) {
    if (file.in_gate_folder) {
      CheckBoundFile(folder + "/" + file.path, file.sha256, file.role, "");
      continue;
    }
    CheckBoundFile((fs::path(root) / file.path).string(), file.sha256,
                   file.role,
                   "; its path is as seen from the folder in which the gate "
                   "ran; another one "
                   "is given with --root");
  }
  CheckAgainstVerdict(receipt, folder);
  return receipt;
}

}  // namespace airlock
