#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "sim/base/base64.h"
#include "sim/base/file.h"
#include "tests/support/gate_folder.h"
#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"

// The verbs of keys, receipts and registries.
namespace airlock::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

class RegistryVerbsTest : public ::testing::Test {
 protected:
  RegistryVerbsTest() { TestKey().WriteNew(folder_ / "own.key"); }

  // As a user whose own key is the one that the test folders are sealed with.
  ProgramResult Airlock(std::vector<std::string> arguments) {
    return RunAirlock(std::move(arguments),
                      {"AIRLOCK_SIGNING_KEY=" + (folder_ / "own.key"),
                       "XDG_CONFIG_HOME=" + (folder_ / "config")});
  }

  std::string Gate(const std::string& model,
                   const std::string& verdict = "promote") {
    WriteGateFolder(folder_ / model, model, verdict);
    return folder_ / model;
  }

  TemporaryFolder folder_;
  std::string registry_ = folder_ / "registry";
};

TEST_F(RegistryVerbsTest, FromKeyToChampionAndBack) {
  const ProgramResult first = Airlock(
      {"promote", Gate("a"), "--registry", registry_, "--reason", "first"});
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.err, HasSubstr("from now on it trusts your signing key"));
  EXPECT_EQ(Airlock({"promote", Gate("b"), "--registry", registry_}).exit_code,
            0);
  const ProgramResult candidate =
      Airlock({"registry", "candidate", registry_, Gate("c", "inconclusive")});
  EXPECT_EQ(candidate.exit_code, 0) << candidate.err;
  const ProgramResult list = Airlock({"registry", "list", registry_, "--json"});
  ASSERT_EQ(list.exit_code, 0) << list.err;
  const json rows = json::parse(list.out);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[1]["alias"], "champion");
  EXPECT_EQ(rows[2]["verdict"], "inconclusive");
  const ProgramResult show =
      Airlock({"registry", "show", registry_, "champion", "--json"});
  EXPECT_EQ(json::parse(show.out)["name"], "the b");
  EXPECT_THAT(Airlock({"registry", "show", registry_}).out,
              HasSubstr("candidate   "));
  EXPECT_THAT(Airlock({"registry", "card", registry_, "champion"}).out,
              HasSubstr("# Model card: the b"));
  EXPECT_EQ(Airlock({"rollback", "--registry", registry_}).exit_code, 0);
  EXPECT_THAT(
      Airlock({"registry", "query", registry_,
               "SELECT v.name FROM aliases a JOIN versions v ON v.number = "
               "a.version WHERE a.alias = 'champion'"})
          .out,
      HasSubstr("the a"));
  EXPECT_EQ(Airlock({"registry", "verify", registry_}).exit_code, 0);
  const ProgramResult history = Airlock({"history", "--registry", registry_});
  EXPECT_THAT(history.out, HasSubstr("5 changes, chain intact"));
  EXPECT_EQ(Airlock({"registry", "export", registry_, "--to", "oran", "-o",
                     folder_ / "oran"})
                .exit_code,
            0);
  EXPECT_TRUE(fs::exists(folder_ / "oran/model-registration-3.json"));
}

// OpenSSL, which knows nothing of us, says that the signature is one.
TEST_F(RegistryVerbsTest, OpensslVerifiesTheReceipt) {
  if (!fs::exists("/usr/bin/openssl")) GTEST_SKIP() << "no openssl";
  const json envelope = json::parse(ReadFile(Gate("a") + "/receipt.dsse.json"));
  const std::string payload =
      *FromBase64(envelope["payload"].get<std::string>());
  WriteFileAtomically(folder_ / "signed",
                      fmt::format("DSSEv1 28 application/vnd.in-toto+json {} ",
                                  payload.size()) +
                          payload);
  WriteFileAtomically(
      folder_ / "signature",
      *FromBase64(envelope["signatures"][0]["sig"].get<std::string>()));
  const ProgramResult result = airlock::testing::Run(
      {"/usr/bin/openssl", "pkeyutl", "-verify", "-pubin", "-inkey",
       folder_ / "own.key.pub", "-rawin", "-in", folder_ / "signed", "-sigfile",
       folder_ / "signature"});
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
}

TEST_F(RegistryVerbsTest, VerifyAnswersWithItsExitCode) {
  const std::string good = Gate("a");
  const std::string rejected = Gate("r", "reject");
  const std::string unsure = Gate("i", "inconclusive");
  TestKey('x').WriteNew(folder_ / "other.key");
  ASSERT_EQ(Airlock({"registry", "init", registry_, "--trust",
                     folder_ / "own.key.pub"})
                .exit_code,
            0);
  const std::string receipt = good + "/receipt.dsse.json";
  struct Case {
    std::vector<std::string> arguments;
    int exit_code;
    const char* says;
  };
  const std::vector<Case> cases = {
      {{good}, 0, "the receipt holds: PASSED (promote)"},
      {{receipt}, 0, "the receipt holds"},
      {{good, "--registry", registry_}, 0, "the receipt holds"},
      {{"--key", folder_ / "own.key.pub", good}, 0, "the receipt holds"},
      {{good, "--key", folder_ / "other.key.pub"}, 1, "not trusted"},
      {{good, "--key", folder_ / "own.key"}, 3, "but a private key"},
      {{good, "--registry", folder_.path()}, 3, "not a registry"},
      {{rejected}, 0, "FAILED (reject)"},
      {{rejected, "--promote"}, 1, "FAILED"},
      {{unsure, "--promote"}, 4, "WARNED"},
      {{good, "--promote"}, 0, "PASSED"},
      {{folder_ / "none"}, 3, "there is no such file or folder"},
      {{folder_.path()}, 3, "receipt.dsse.json: No such file"},
      {{good + "/summary.json"}, 3, "a receipt is named receipt.dsse.json"}};
  for (const Case& row : cases) {
    std::vector<std::string> arguments = {"verify"};
    arguments.insert(arguments.end(), row.arguments.begin(),
                     row.arguments.end());
    const ProgramResult result = Airlock(arguments);
    EXPECT_EQ(result.exit_code, row.exit_code) << result.out << result.err;
    EXPECT_THAT(result.out + result.err, HasSubstr(row.says));
  }
}

TEST_F(RegistryVerbsTest, KeysAreMadeOnceAndKeptPrivate) {
  const std::string path = folder_ / "ci.key";
  const ProgramResult made = Airlock({"key", "new", "-o", path});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  const std::string before = ReadFile(path);
  const ProgramResult again = Airlock({"key", "new", "-o", path});
  EXPECT_EQ(again.exit_code, 3);
  EXPECT_THAT(again.err, HasSubstr("not overwritten"));
  EXPECT_EQ(ReadFile(path), before);
  EXPECT_THAT(Airlock({"key", "show", path + ".pub"}).out,
              HasSubstr(made.out.substr(made.out.find("id "))));
  EXPECT_THAT(Airlock({"key", "show"}).out,
              HasSubstr(TestKey().public_key().id()));
}

// What goes wrong is named, with what is allowed, and changes nothing.
TEST_F(RegistryVerbsTest, WrongInputChangesNothing) {
  ASSERT_EQ(Airlock({"promote", Gate("a"), "--registry", registry_}).exit_code,
            0);
  const std::string unsealed = Gate("u");
  fs::remove(unsealed + "/receipt.dsse.json");
  WriteGateFolder(folder_ / "x", "x", "promote", TestKey('x'));
  const std::string state = ReadFile(registry_ + "/state.json");
  struct Case {
    std::vector<std::string> arguments;
    int exit_code;
    std::string says;
  };
  const std::string pub = folder_ / "own.key.pub";
  const std::vector<Case> cases = {
      {{"promote", unsealed, "--registry", registry_}, 3, "No such file"},
      {{"promote", folder_ / "x", "--registry", registry_},
       1,
       "airlock registry trust " + registry_},
      {{"promote", Gate("b"), "--registry", registry_, "--if-champion", "00"},
       1,
       "not 00"},
      {{"promote", folder_ / "x", "--registry", folder_ / "new"},
       1,
       "airlock registry init " + (folder_ / "new")},
      {{"registry", "init", registry_, "--trust", pub},
       3,
       "is a registry already"},
      {{"registry", "init", folder_ / "new", "--trust", folder_ / "own.key"},
       3,
       "but a private key"},
      {{"registry", "init", folder_ / "new"}, 2, "--trust"},
      {{"registry", "init", folder_.path(), "--trust", pub}, 3, "is not empty"},
      {{"registry", "trust", registry_, pub}, 3, "already"},
      {{"registry", "trust", folder_ / "new", pub}, 3, "not a registry"},
      {{"registry", "distrust", registry_, "1234"}, 3, "at least 8 digits"},
      {{"registry", "candidate", registry_}, 2, "--none"},
      {{"registry", "candidate", registry_, folder_ / "a"},
       1,
       "cannot be its own candidate"},
      {{"registry", "candidate", registry_, unsealed}, 3, "No such file"},
      {{"registry", "show", registry_, "9"}, 3, "is none of its versions"},
      {{"registry", "card", registry_, "candidate"},
       3,
       "is none of its versions"},
      {{"registry", "query", registry_, "DROP TABLE keys"},
       3,
       "only what reads is allowed"},
      {{"registry", "export", registry_, "--to", "kubeflow", "-o", "/tmp/x"},
       2,
       "kubeflow"},
      {{"registry", "export", registry_, "--to", "mlflow", "-o", registry_},
       3,
       "exists; choose another folder"},
      {{"registry"}, 2, ""},
      {{"registry", "delete", registry_}, 2, "'delete' is not a verb"},
      {{"rollback", "--registry", registry_}, 1, "no previous champion"},
      {{"gate", "scenarios/gates/quickstart.yaml", "-o", folder_ / "o", "--key",
        folder_ / "none.key"},
       3,
       "none.key: No such file"}};
  for (const Case& row : cases) {
    const ProgramResult result = Airlock(row.arguments);
    std::string line;
    for (const std::string& word : row.arguments) line += word + " ";
    EXPECT_EQ(result.exit_code, row.exit_code) << line << result.err;
    EXPECT_THAT(result.out + result.err, HasSubstr(row.says)) << line;
    EXPECT_EQ(ReadFile(registry_ + "/state.json"), state) << line;
    EXPECT_FALSE(fs::exists(folder_ / "new")) << line;
  }
}

}  // namespace
}  // namespace airlock::testing
