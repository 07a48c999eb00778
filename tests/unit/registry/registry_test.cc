#include "twin/registry/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <set>

#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "tests/support/gate_folder.h"
#include "tests/support/temporary_folder.h"
#include "twin/registry/folder_lock.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;
using airlock::testing::TemporaryFolder;
using airlock::testing::WriteGateFolder;
using nlohmann::json;
using ::testing::HasSubstr;

class RegistryTest : public ::testing::Test {
 protected:
  // The folder of a gate that promotes `model`.
  std::string Gate(const std::string& model) {
    const std::string gate = folder_ / ("gate-" + model);
    WriteGateFolder(gate, model);
    return gate;
  }

  std::string ChampionText() {
    const auto champion = Registry(path_).Champion();
    return champion ? ReadFile(champion->folder + "/candidate.model") : "none";
  }

  void ExpectError(const std::function<void()>& call, ExitCode code,
                   const std::string& text) {
    try {
      call();
      ADD_FAILURE() << "no error; expected: " << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      EXPECT_THAT(error.what(), HasSubstr(text));
    }
  }

  void EditJson(const std::string& path,
                const std::function<void(json*)>& change) {
    json object = json::parse(ReadFile(path));
    change(&object);
    WriteFileAtomically(path, object.dump(2) + "\n");
  }

  TemporaryFolder folder_;
  std::string path_ = folder_ / "registry";
};

TEST_F(RegistryTest, PromoteTwiceAndRollBackOnce) {
  Registry registry(path_);
  const Registry::Change first = registry.Promote(Gate("a"), "first");
  EXPECT_TRUE(first.changed);
  EXPECT_EQ(first.champion.name, "the a");
  EXPECT_EQ(ChampionText(), "a");
  registry.Promote(Gate("b"), "better");
  EXPECT_EQ(ChampionText(), "b");
  const Registry::Change back = registry.Rollback("b is slow");
  EXPECT_EQ(back.champion.name, "the a");
  EXPECT_EQ(ChampionText(), "a");
  ExpectError([&] { registry.Rollback("again"); }, ExitCode::kNo,
              "no previous champion");

  const std::vector<HistoryEntry> history = registry.History();
  ASSERT_EQ(history.size(), 3u);
  EXPECT_EQ(history[0].action, "promote");
  EXPECT_EQ(history[0].why, "first");
  EXPECT_EQ(history[0].previous_hash, "");
  EXPECT_EQ(history[1].model_name, "the b");
  EXPECT_EQ(history[1].previous_hash,
            Sha256OfFile(path_ + "/history/000001.json"));
  EXPECT_EQ(history[1].verdict_digest,
            ReadPassingVerdict(folder_ / "gate-b").digest);
  EXPECT_EQ(history[1].verdict.at("verdict"), "promote");
  EXPECT_EQ(history[2].action, "rollback");
  EXPECT_EQ(history[2].why, "b is slow");
  EXPECT_EQ(history[2].model_digest, history[0].model_digest);
  EXPECT_TRUE(history[2].verdict.is_null());
  EXPECT_FALSE(history[2].who.empty());
  EXPECT_THAT(history[2].when, ::testing::MatchesRegex("....-..-..T..:..:..Z"));
  registry.Verify();
}

TEST_F(RegistryTest, TheChampionAgainChangesNothing) {
  Registry registry(path_);
  registry.Promote(Gate("a"), "first");
  const Registry::Change again = registry.Promote(Gate("a"), "retry");
  EXPECT_FALSE(again.changed);
  EXPECT_EQ(again.entry.why, "first");
  EXPECT_EQ(registry.History().size(), 1u);
  registry.Promote(Gate("b"), "second");
  registry.Promote(Gate("a"), "back by a gate");
  EXPECT_EQ(ChampionText(), "a");
  EXPECT_EQ(registry.History().size(), 3u);
  registry.Verify();
}

TEST_F(RegistryTest, ARefusedPromotionLeavesNothing) {
  const std::string gate = folder_ / "gate";
  WriteGateFolder(gate, "bad", "reject");
  ExpectError([&] { Registry(path_).Promote(gate, ""); }, ExitCode::kNo,
              "rejects");
  EXPECT_FALSE(fs::exists(path_));
  Registry registry(path_);
  registry.Promote(Gate("a"), "");
  WriteGateFolder(gate, "bad", "inconclusive");
  ExpectError([&] { registry.Promote(gate, ""); }, ExitCode::kInconclusive,
              "inconclusive");
  WriteGateFolder(gate, "bad");
  WriteFileAtomically(gate + "/candidate.model", "swapped");
  ExpectError([&] { registry.Promote(gate, ""); }, ExitCode::kInput,
              "changed since the gate judged it");
  EXPECT_EQ(ChampionText(), "a");
  EXPECT_EQ(registry.History().size(), 1u);
}

TEST_F(RegistryTest, NotARegistry) {
  ExpectError([&] { Registry(path_).History(); }, ExitCode::kInput,
              "registry: not a registry: it has no state.json");
  ExpectError([&] { Registry(path_).Rollback(""); }, ExitCode::kInput,
              "not a registry");
  EXPECT_FALSE(fs::exists(path_));
  fs::create_directories(path_);
  WriteFileAtomically(path_ + "/precious", "x");
  ExpectError([&] { Registry(path_).Promote(Gate("a"), ""); }, ExitCode::kInput,
              "is not empty");
  EXPECT_EQ(ReadFile(path_ + "/precious"), "x");
}

TEST_F(RegistryTest, EmptyFolderBecomesARegistry) {
  fs::create_directories(path_);
  Registry(path_ + "/").Promote(Gate("a"), "");
  EXPECT_EQ(ChampionText(), "a");
}

// Each way of losing or changing a file is an error that names the file.
TEST_F(RegistryTest, CorruptionNamesTheFile) {
  const std::string state = path_ + "/state.json";
  const std::string first = path_ + "/history/000001.json";
  const std::string second = path_ + "/history/000002.json";
  const auto version_file = [&](const std::string& name) {
    return Registry(path_).Champion()->folder + "/" + name;
  };
  struct Case {
    const char* what;
    std::function<void()> damage;
    std::string message;
  };
  const std::vector<Case> cases = {
      {"entry changed",
       [&] { EditJson(first, [](json* entry) { (*entry)["why"] = "other"; }); },
       "000002.json: does not follow"},
      {"last entry changed",
       [&] {
         EditJson(second, [](json* entry) { (*entry)["who"] = "nobody"; });
       },
       "000002.json: is not the last entry"},
      {"entry removed", [&] { fs::remove(first); }, "000001.json: No such"},
      {"entries swapped",
       [&] {
         fs::rename(first, first + "x");
         fs::rename(second, first);
         fs::rename(first + "x", second);
       },
       "000001.json: does not follow"},
      {"entry empty", [&] { WriteFileAtomically(second, ""); },
       "000002.json: not JSON at line"},
      {"state removed", [&] { fs::remove(state); }, "it has no state.json"},
      {"state cut",
       [&] { WriteFileAtomically(state, ReadFile(state).substr(0, 40)); },
       "state.json: not JSON at line"},
      {"state without a key",
       [&] {
         EditJson(state, [](json* object) { object->erase("previous"); });
       },
       "state.json: key 'previous' not found"},
      {"state turned back",
       [&] {
         EditJson(state, [&](json* object) {
           (*object)["history_count"] = 1;
           (*object)["history_tail"] = Sha256OfFile(first);
         });
       },
       "state.json: its champion is not the one"},
      {"state of a newer version",
       [&] {
         EditJson(state, [](json* object) { (*object)["version"] = {2, 0}; });
       },
       "state.json: written by a newer Airlock"},
      {"model changed",
       [&] { WriteFileAtomically(version_file("candidate.model"), "worse"); },
       "candidate.model: changed since it was promoted"},
      {"model removed", [&] { fs::remove(version_file("parts/scale.json")); },
       "parts/scale.json: No such"},
      {"version description changed",
       [&] {
         EditJson(version_file("../version.json"), [](json* object) {
           (*object)["files"][0]["sha256"] = Sha256("worse");
         });
         WriteFileAtomically(version_file("candidate.model"), "worse");
       },
       "version.json: does not describe the model"}};
  for (const Case& row : cases) {
    SCOPED_TRACE(row.what);
    fs::remove_all(path_);
    Registry registry(path_);
    registry.Promote(Gate("a"), "");
    registry.Promote(Gate("b"), "");
    registry.Verify();
    // Damage that needs the champion's folder finds it first.
    try {
      row.damage();
    } catch (const Error&) {
    }
    ExpectError([&] { registry.Verify(); }, ExitCode::kInput, row.message);
  }
}

TEST_F(RegistryTest, CorruptRegistryTakesNoPromotion) {
  Registry registry(path_);
  registry.Promote(Gate("a"), "");
  fs::remove(path_ + "/state.json");
  ExpectError([&] { registry.Promote(Gate("b"), ""); }, ExitCode::kInput,
              "not a registry");
  EXPECT_TRUE(fs::exists(path_ + "/history/000001.json"));
}

TEST_F(RegistryTest, RollbackToADamagedModelIsRefused) {
  Registry registry(path_);
  const std::string old = registry.Promote(Gate("a"), "").champion.folder;
  registry.Promote(Gate("b"), "");
  WriteFileAtomically(old + "/candidate.model", "rotten");
  ExpectError([&] { registry.Rollback(""); }, ExitCode::kInput,
              "changed since it was promoted");
  EXPECT_EQ(ChampionText(), "b");
  EXPECT_EQ(registry.History().size(), 2u);
}

// What a killed program can leave is ignored by readers and removed by the next
// change.
TEST_F(RegistryTest, LeftoversAreIgnoredAndRemoved) {
  Registry registry(path_);
  registry.Promote(Gate("a"), "");
  const std::vector<std::string> leftovers = {
      path_ + "/history/000002.json", path_ + "/history/.000002.json.tmp-1",
      path_ + "/.state.json.tmp-1", path_ + "/versions/.new-0123/files/x"};
  for (const std::string& leftover : leftovers) {
    fs::create_directories(fs::path(leftover).parent_path());
    WriteFileAtomically(leftover, "half");
  }
  EXPECT_EQ(registry.History().size(), 1u);
  registry.Verify();
  registry.Promote(Gate("b"), "");
  registry.Verify();
  EXPECT_EQ(registry.History().size(), 2u);
  for (size_t i = 1; i < leftovers.size(); ++i) {
    EXPECT_FALSE(fs::exists(leftovers[i])) << leftovers[i];
  }
}

// Several promoters at once: each waits for the others; the chain has all.
TEST_F(RegistryTest, PromotersSerialise) {
  constexpr int kPromoters = 6;
  for (int i = 0; i < kPromoters; ++i) Gate(std::to_string(i));
  std::vector<pid_t> children;
  for (int i = 0; i < kPromoters; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      try {
        Registry(path_).Promote(folder_ / ("gate-" + std::to_string(i)), "");
      } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        _exit(1);
      }
      _exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  const std::vector<HistoryEntry> history = Registry(path_).History();
  std::set<std::string> models;
  for (const HistoryEntry& entry : history) models.insert(entry.model_digest);
  EXPECT_EQ(models.size(), size_t{kPromoters});
  EXPECT_EQ(Registry(path_).Champion()->digest, history.back().model_digest);
  Registry(path_).Verify();
}

TEST_F(RegistryTest, WhoeverWaitsTooLongIsTold) {
  Registry(path_).Promote(Gate("a"), "");
  const FolderLock held(path_, 0);
  ExpectError([&] { FolderLock(path_, 0.05); }, ExitCode::kFailed,
              "another program is changing the registry");
}

}  // namespace
}  // namespace airlock
