#include "twin/registry/receipt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <map>

#include "sim/base/base64.h"
#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/version.h"
#include "tests/support/gate_folder.h"
#include "tests/support/temporary_folder.h"
#include "twin/registry/dsse.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;
using airlock::testing::TemporaryFolder;
using airlock::testing::TestKey;
using airlock::testing::WriteGateFolder;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kInToto[] = "application/vnd.in-toto+json";

// https://github.com/secure-systems-lab/dsse, protocol.md, "Test Vectors".
TEST(DsseTest, PublishedVectors) {
  EXPECT_EQ(
      PreAuthenticationEncoding("http://example.com/HelloWorld", "hello world"),
      "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
  const DsseEnvelope envelope = ParseEnvelope(
      R"({"payload": "aGVsbG8gd29ybGQ=",
          "payloadType": "http://example.com/HelloWorld",
          "signatures": [{"sig": "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="}]})",
      "vector");
  EXPECT_EQ(envelope.payload, "hello world");
  EXPECT_EQ(envelope.payload_type, "http://example.com/HelloWorld");
  ASSERT_EQ(envelope.signatures.size(), 1u);
  EXPECT_EQ(envelope.signatures[0].key_id, "");
  EXPECT_EQ(envelope.signatures[0].bytes.size(), 64u);
}

// Lengths are of bytes, and keep type and payload apart.
TEST(DsseTest, EncodingIsOfBytes) {
  EXPECT_EQ(PreAuthenticationEncoding("", ""), "DSSEv1 0  0 ");
  EXPECT_EQ(PreAuthenticationEncoding("\u00e4", std::string("\0x", 2)),
            std::string("DSSEv1 2 \u00e4 2 \0x", 16));
  EXPECT_NE(PreAuthenticationEncoding("a", "b 1 c"),
            PreAuthenticationEncoding("a 5 b", "c"));
}

TEST(DsseTest, EnvelopesComeBack) {
  const DsseEnvelope sealed = SignEnvelope("t", "payload", TestKey());
  const DsseEnvelope back = ParseEnvelope(ToText(sealed), "x");
  EXPECT_EQ(back.payload, "payload");
  EXPECT_EQ(back.signatures.at(0).key_id, TestKey().public_key().id());
  EXPECT_TRUE(TestKey().public_key().Verifies("DSSEv1 1 t 7 payload",
                                              back.signatures.at(0).bytes));
}

class ReceiptTest : public ::testing::Test {
 protected:
  ReceiptTest() { WriteGateFolder(gate_, "model"); }

  Receipt Verify() { return VerifyReceipt(gate_, {TestKey().public_key()}); }

  void ExpectFault(ReceiptFault fault, ExitCode code, const std::string& text) {
    try {
      Verify();
      ADD_FAILURE() << "holds; expected: " << text;
    } catch (const ReceiptError& error) {
      EXPECT_STREQ(ToString(error.fault()), ToString(fault)) << error.what();
      EXPECT_EQ(error.code(), code);
      EXPECT_THAT(error.what(), HasSubstr(text));
    }
  }

  // Changes the statement and signs it again with `key`.
  void Resign(const std::function<void(json*)>& change,
              const SigningKey& key = TestKey(),
              const std::string& type = kInToto) {
    json statement =
        json::parse(ParseEnvelope(ReadFile(path_), "receipt").payload);
    change(&statement);
    WriteFileAtomically(path_,
                        ToText(SignEnvelope(type, statement.dump(), key)));
  }

  // Changes the envelope's JSON and nothing else.
  void EditEnvelope(const std::function<void(json*)>& change) {
    json envelope = json::parse(ReadFile(path_));
    change(&envelope);
    WriteFileAtomically(path_, envelope.dump());
  }

  TemporaryFolder folder_;
  std::string gate_ = folder_ / "gate";
  std::string path_ = gate_ + "/receipt.dsse.json";
};

// What https://github.com/in-toto/attestation asks of a Statement v1 with the
// predicate test-result v0.1: every required field, no other spelling.
TEST_F(ReceiptTest, IsAnInTotoTestResult) {
  const json envelope = json::parse(ReadFile(path_));
  EXPECT_EQ(envelope.at("payloadType"), "application/vnd.in-toto+json");
  const json statement =
      json::parse(*FromBase64(envelope.at("payload").get<std::string>()));
  EXPECT_EQ(statement.at("_type"), "https://in-toto.io/Statement/v1");
  EXPECT_EQ(statement.at("predicateType"),
            "https://in-toto.io/attestation/test-result/v0.1");
  ASSERT_EQ(statement.at("subject").size(), 2u);
  EXPECT_EQ(statement["subject"][0],
            (json{{"name", "candidate.model"},
                  {"digest", {{"sha256", Sha256("model")}}}}));
  const json& predicate = statement.at("predicate");
  EXPECT_EQ(predicate.at("result"), "PASSED");
  EXPECT_EQ(predicate.at("passedTests"), json{"r2 of delivered_rate"});
  EXPECT_EQ(predicate.at("warnedTests"), json::array());
  EXPECT_EQ(predicate.at("failedTests"), json::array());
  // A ResourceDescriptor has one of uri, digest and content at least.
  for (const json& row : predicate.at("configuration")) {
    EXPECT_TRUE(row.contains("uri") || row.contains("digest")) << row;
    EXPECT_TRUE(row.contains("name"));
  }
}

TEST_F(ReceiptTest, BindsAllThatTheVerdictRestsOn) {
  WriteFileAtomically(gate_ + "/profile.yaml", "p");
  WriteFileAtomically(gate_ + "/deep/er/more.txt", "m");
  SealVerdict(gate_, TestKey());
  const Receipt receipt = Verify();
  std::map<std::string, std::string> roles;
  for (const BoundFile& file : receipt.bound) {
    if (file.in_gate_folder) roles[file.path] = file.role;
  }
  EXPECT_EQ(roles, (std::map<std::string, std::string>{
                       {"deep/er/more.txt", "evidence"},
                       {"profile.yaml", "calibration profile"},
                       {"summary.json", "verdict"},
                       {"trace.h5", "evidence"}}));
  const BoundFile& input = receipt.bound.back();
  EXPECT_EQ(input.role, "trace");
  EXPECT_EQ(input.path, gate_ + "/trace.h5");
  EXPECT_FALSE(input.in_gate_folder);
  EXPECT_EQ(receipt.airlock_version, Version());
  EXPECT_EQ(receipt.airlock_commit, GitCommit());
  EXPECT_EQ(receipt.summary_sha256(), Sha256OfFile(gate_ + "/summary.json"));
  EXPECT_EQ(receipt.digest, Sha256OfFile(path_));
  EXPECT_EQ(receipt.key_id, TestKey().public_key().id());
  EXPECT_THAT(receipt.passed, ElementsAre("r2 of delivered_rate"));
}

TEST_F(ReceiptTest, SaysHowTheGateEnded) {
  WriteGateFolder(gate_, "model", "reject");
  EXPECT_EQ(Verify().result, "FAILED");
  EXPECT_THAT(Verify().failed, ElementsAre("r2 of delivered_rate"));
  WriteGateFolder(gate_, "model", "inconclusive");
  EXPECT_EQ(Verify().result, "WARNED");
  EXPECT_THAT(Verify().warned, ElementsAre("r2 of delivered_rate"));
}

TEST_F(ReceiptTest, EqualFoldersGiveEqualReceipts) {
  const std::string before = ReadFile(path_);
  SealVerdict(gate_, TestKey());
  EXPECT_EQ(ReadFile(path_), before);
}

TEST_F(ReceiptTest, InputsAreFoundFromTheFolderOfTheGate) {
  Resign([](json* statement) {
    for (json& row : (*statement)["predicate"]["configuration"]) {
      if (row["annotations"]["role"] == "trace") row["name"] = "gate/trace.h5";
    }
  });
  const std::vector<PublicKey> keys = {TestKey().public_key()};
  try {
    VerifyReceipt(gate_, keys, folder_ / "none");
    ADD_FAILURE();
  } catch (const ReceiptError& error) {
    EXPECT_EQ(error.fault(), ReceiptFault::kMissingFile);
    EXPECT_THAT(error.what(),
                HasSubstr("as seen from the folder in which the gate ran"));
  }
  // Found there; but the verdict names the trace by another path.
  try {
    VerifyReceipt(gate_, keys, folder_.path());
    ADD_FAILURE();
  } catch (const ReceiptError& error) {
    EXPECT_EQ(error.fault(), ReceiptFault::kVerdict) << error.what();
  }
}

// Every way in which a receipt does not hold, and what is said about it.
TEST_F(ReceiptTest, WhateverIsWrongIsNamed) {
  struct Case {
    const char* what;
    std::function<void()> damage;
    ReceiptFault fault;
    std::string message;
  };
  const auto cut = [&](size_t size) {
    WriteFileAtomically(path_, ReadFile(path_).substr(0, size));
  };
  const std::vector<Case> cases = {
      {"no receipt", [&] { fs::remove(path_); }, ReceiptFault::kUnreadable,
       "receipt.dsse.json: No such file"},
      {"empty", [&] { cut(0); }, ReceiptFault::kUnreadable, "not JSON"},
      {"truncated", [&] { cut(200); }, ReceiptFault::kUnreadable,
       "not a DSSE envelope: not JSON at line"},
      {"last brace lost", [&] { cut(ReadFile(path_).size() - 2); },
       ReceiptFault::kUnreadable, "not JSON"},
      {"another JSON", [&] { WriteFileAtomically(path_, "[1]"); },
       ReceiptFault::kUnreadable, "not a DSSE envelope"},
      {"binary", [&] { WriteFileAtomically(path_, std::string(99, '\0')); },
       ReceiptFault::kUnreadable, "not JSON"},
      {"no payload",
       [&] { EditEnvelope([](json* e) { e->erase("payload"); }); },
       ReceiptFault::kUnreadable, "key 'payload' not found"},
      {"payload not Base64",
       [&] { EditEnvelope([](json* e) { (*e)["payload"] = "%%"; }); },
       ReceiptFault::kUnreadable, "'payload' is not Base64"},
      {"no signatures",
       [&] {
         EditEnvelope([](json* e) { (*e)["signatures"] = json::array(); });
       },
       ReceiptFault::kUnreadable, "has no signature"},
      {"signature of a wrong type",
       [&] { EditEnvelope([](json* e) { (*e)["signatures"][0]["sig"] = 7; }); },
       ReceiptFault::kUnreadable, "wrong type"},
      {"payload byte altered",
       [&] {
         EditEnvelope([](json* e) {
           std::string bytes = *FromBase64((*e)["payload"].get<std::string>());
           bytes[bytes.find("PASSED")] = 'p';
           (*e)["payload"] = ToBase64(bytes);
         });
       },
       ReceiptFault::kSignature, "the signature is wrong"},
      {"payload type altered",
       [&] {
         EditEnvelope([](json* e) { (*e)["payloadType"] = "text/plain"; });
       },
       ReceiptFault::kSignature, "the signature is wrong"},
      {"signature byte altered",
       [&] {
         EditEnvelope([](json* e) {
           std::string bytes =
               *FromBase64((*e)["signatures"][0]["sig"].get<std::string>());
           bytes[5] = static_cast<char>(bytes[5] ^ 4);
           (*e)["signatures"][0]["sig"] = ToBase64(bytes);
         });
       },
       ReceiptFault::kSignature, "the signature is wrong"},
      {"signature cut",
       [&] {
         EditEnvelope([](json* e) { (*e)["signatures"][0]["sig"] = "AAAA"; });
       },
       ReceiptFault::kSignature, "the signature is wrong"},
      {"signed with another key", [&] { Resign([](json*) {}, TestKey('x')); },
       ReceiptFault::kUnknownKey,
       "signed with a key that is not trusted: " +
           TestKey('x').public_key().id().substr(0, 16)},
      {"another key that calls itself ours",
       [&] {
         Resign([](json*) {}, TestKey('x'));
         EditEnvelope([](json* e) {
           (*e)["signatures"][0]["keyid"] = TestKey().public_key().id();
         });
       },
       ReceiptFault::kSignature, "the key that it names did not sign it"},
      {"another payload type, signed",
       [&] { Resign([](json*) {}, TestKey(), "application/json"); },
       ReceiptFault::kStatement,
       "its payload is 'application/json', not 'application/vnd.in-toto+json'"},
      {"another statement type",
       [&] {
         Resign([](json* s) {
           (*s)["_type"] = "https://in-toto.io/Statement/v0.1";
         });
       },
       ReceiptFault::kStatement,
       "its _type is 'https://in-toto.io/Statement/v0.1'"},
      {"another predicate",
       [&] {
         Resign([](json* s) {
           (*s)["predicateType"] = "https://slsa.dev/provenance/v1";
         });
       },
       ReceiptFault::kStatement, "its predicateType is 'https://slsa.dev"},
      {"no subject", [&] { Resign([](json* s) { s->erase("subject"); }); },
       ReceiptFault::kStatement, "key 'subject' not found"},
      {"subject outside",
       [&] { Resign([](json* s) { (*s)["subject"][0]["name"] = "../x"; }); },
       ReceiptFault::kStatement, "is not a path inside"},
      {"digest that is none",
       [&] {
         Resign(
             [](json* s) { (*s)["subject"][0]["digest"]["sha256"] = "ABC"; });
       },
       ReceiptFault::kStatement, "'ABC' is not a SHA-256"},
      {"another result",
       [&] { Resign([](json* s) { (*s)["predicate"]["result"] = "OK"; }); },
       ReceiptFault::kStatement, "its result is 'OK'"},
      {"nothing bound",
       [&] {
         Resign([](json* s) {
           (*s)["predicate"]["configuration"] = json::array();
         });
       },
       ReceiptFault::kStatement, "does not bind the verdict's summary.json"},
      {"no twin version",
       [&] {
         Resign([](json* s) {
           json& rows = (*s)["predicate"]["configuration"];
           rows.erase(rows.size() - 1);
         });
       },
       ReceiptFault::kStatement, "does not bind the version of Airlock"},
      {"statement not JSON",
       [&] {
         WriteFileAtomically(path_,
                             ToText(SignEnvelope(kInToto, "{", TestKey())));
       },
       ReceiptFault::kStatement, "not the statement of a gate's verdict: not"},
      {"candidate altered",
       [&] { WriteFileAtomically(gate_ + "/candidate.model", "modem"); },
       ReceiptFault::kChangedFile,
       "candidate.model: the candidate changed since the receipt was made"},
      {"candidate's other file altered",
       [&] { WriteFileAtomically(gate_ + "/parts/scale.json", "{}"); },
       ReceiptFault::kChangedFile, "parts/scale.json: the candidate changed"},
      {"verdict altered",
       [&] {
         WriteFileAtomically(gate_ + "/summary.json",
                             ReadFile(gate_ + "/summary.json") + " ");
       },
       ReceiptFault::kChangedFile, "summary.json: the verdict changed"},
      {"trace altered",
       [&] { WriteFileAtomically(gate_ + "/trace.h5", "sample"); },
       ReceiptFault::kChangedFile, "trace.h5: the evidence changed"},
      {"candidate missing", [&] { fs::remove(gate_ + "/candidate.model"); },
       ReceiptFault::kMissingFile, "candidate.model: No such file"},
      {"verdict missing", [&] { fs::remove(gate_ + "/summary.json"); },
       ReceiptFault::kMissingFile,
       "summary.json: No such file or directory (the verdict that"},
      {"the receipt of another verdict",
       [&] {
         WriteGateFolder(folder_ / "other", "other");
         fs::copy_file(folder_ / "other/receipt.dsse.json", path_,
                       fs::copy_options::overwrite_existing);
       },
       ReceiptFault::kChangedFile, "changed since the receipt was made"},
      {"says another result than the verdict",
       [&] {
         WriteGateFolder(gate_, "model", "reject");
         Resign([](json* s) { (*s)["predicate"]["result"] = "PASSED"; });
       },
       ReceiptFault::kVerdict, "says PASSED, but the verdict is reject"},
      {"leaves out an input",
       [&] {
         Resign([](json* s) {
           json& rows = (*s)["predicate"]["configuration"];
           rows.erase(rows.size() - 2);
         });
       },
       ReceiptFault::kVerdict, "does not bind"},
      {"leaves out a file of the candidate",
       [&] { Resign([](json* s) { (*s)["subject"].erase(0); }); },
       ReceiptFault::kVerdict, "about other files than"}};
  for (const Case& row : cases) {
    SCOPED_TRACE(row.what);
    fs::remove_all(gate_);
    WriteGateFolder(gate_, "model");
    Verify();
    row.damage();
    const bool input = row.fault == ReceiptFault::kUnreadable ||
                       row.fault == ReceiptFault::kStatement ||
                       row.fault == ReceiptFault::kMissingFile;
    ExpectFault(row.fault, input ? ExitCode::kInput : ExitCode::kNo,
                row.message);
  }
}

TEST_F(ReceiptTest, AnyOfSeveralKeysAndSignaturesWillDo) {
  const std::vector<PublicKey> both = {TestKey('x').public_key(),
                                       TestKey().public_key()};
  EXPECT_EQ(VerifyReceipt(gate_, both).key_id, TestKey().public_key().id());
  // A signature of somebody else beside ours, without an id, does no harm.
  EditEnvelope([](json* e) {
    json& rows = (*e)["signatures"];
    rows.insert(rows.begin(),
                json{{"sig", ToBase64(TestKey('x').Sign("something"))}});
  });
  EXPECT_EQ(Verify().result, "PASSED");
  EXPECT_THROW(VerifyReceipt(gate_, {}), ReceiptError);
}

TEST_F(ReceiptTest, AVerdictWhoseInputsChangedIsNotSealed) {
  WriteFileAtomically(gate_ + "/trace.h5", "other");
  EXPECT_THROW(SealVerdict(gate_, TestKey()), InputError);
}

}  // namespace
}  // namespace airlock
