#include "twin/registry/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
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
using airlock::testing::TestKey;
using airlock::testing::Why;
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
    return champion ? ReadFile(champion->version.folder + "/candidate.model")
                    : "none";
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
  const Registry::Change first = registry.Promote(Gate("a"), Why("first"));
  EXPECT_TRUE(first.changed);
  EXPECT_EQ(first.model_name, "the a");
  EXPECT_EQ(ChampionText(), "a");
  registry.Promote(Gate("b"), Why("better"));
  EXPECT_EQ(ChampionText(), "b");
  const Registry::Change back = registry.Rollback("b is slow");
  EXPECT_EQ(back.model_name, "the a");
  EXPECT_EQ(ChampionText(), "a");
  ExpectError([&] { registry.Rollback("again"); }, ExitCode::kNo,
              "no previous champion");

  const std::vector<HistoryEntry> history = registry.History();
  ASSERT_EQ(history.size(), 4u);
  EXPECT_EQ(history[0].action, "trust");
  EXPECT_EQ(history[0].previous_hash, "");
  ASSERT_EQ(history[0].keys.size(), 1u);
  EXPECT_EQ(history[0].keys[0], TestKey().public_key());
  EXPECT_EQ(history[1].action, "promote");
  EXPECT_EQ(history[1].why, "first");
  EXPECT_EQ(history[2].model_name, "the b");
  EXPECT_EQ(history[2].previous_hash,
            Sha256OfFile(path_ + "/history/000002.json"));
  EXPECT_EQ(history[2].verdict_digest,
            ReadPassingVerdict(folder_ / "gate-b").digest);
  EXPECT_EQ(history[2].receipt_digest,
            Sha256OfFile(folder_ / "gate-b/receipt.dsse.json"));
  EXPECT_EQ(history[3].action, "rollback");
  EXPECT_EQ(history[3].why, "b is slow");
  EXPECT_EQ(history[3].target(), history[1].target());
  EXPECT_EQ(history[3].verdict_digest, "");
  EXPECT_FALSE(history[3].who.empty());
  EXPECT_THAT(history[3].when, ::testing::MatchesRegex("....-..-..T..:..:..Z"));
  registry.Verify();
}

TEST_F(RegistryTest, TheChampionAgainChangesNothing) {
  Registry registry(path_);
  registry.Promote(Gate("a"), Why("first"));
  const Registry::Change again = registry.Promote(Gate("a"), Why("retry"));
  EXPECT_FALSE(again.changed);
  EXPECT_EQ(again.entry.why, "first");
  EXPECT_EQ(registry.History().size(), 2u);
  registry.Promote(Gate("b"), Why("second"));
  registry.Promote(Gate("a"), Why("back by a gate"));
  EXPECT_EQ(ChampionText(), "a");
  EXPECT_EQ(registry.History().size(), 4u);
  registry.Verify();
}

TEST_F(RegistryTest, ARefusedPromotionLeavesNothing) {
  const std::string gate = folder_ / "gate";
  WriteGateFolder(gate, "bad", "reject");
  ExpectError([&] { Registry(path_).Promote(gate, Why()); }, ExitCode::kNo,
              "rejects");
  EXPECT_FALSE(fs::exists(path_));
  Registry registry(path_);
  registry.Promote(Gate("a"), Why());
  WriteGateFolder(gate, "bad", "inconclusive");
  ExpectError([&] { registry.Promote(gate, Why()); }, ExitCode::kInconclusive,
              "inconclusive");
  WriteGateFolder(gate, "bad");
  WriteFileAtomically(gate + "/candidate.model", "swapped");
  ExpectError([&] { registry.Promote(gate, Why()); }, ExitCode::kInput,
              "changed since the gate judged it");
  EXPECT_EQ(ChampionText(), "a");
  EXPECT_EQ(registry.History().size(), 2u);
}

TEST_F(RegistryTest, NotARegistry) {
  ExpectError([&] { Registry(path_).History(); }, ExitCode::kInput,
              "registry: not a registry: it has no state.json");
  ExpectError([&] { Registry(path_).Rollback(""); }, ExitCode::kInput,
              "not a registry");
  EXPECT_FALSE(fs::exists(path_));
  fs::create_directories(path_);
  WriteFileAtomically(path_ + "/precious", "x");
  ExpectError([&] { Registry(path_).Promote(Gate("a"), Why()); },
              ExitCode::kInput, "is not empty");
  EXPECT_EQ(ReadFile(path_ + "/precious"), "x");
  EXPECT_FALSE(fs::exists(path_ + "/lock"));
}

TEST_F(RegistryTest, EmptyFolderBecomesARegistry) {
  fs::create_directories(path_);
  Registry(path_ + "/").Promote(Gate("a"), Why());
  EXPECT_EQ(ChampionText(), "a");
}

// Each way of losing or changing a file is an error that names the file.
TEST_F(RegistryTest, CorruptionNamesTheFile) {
  const std::string state = path_ + "/state.json";
  const std::string first = path_ + "/history/000002.json";
  const std::string second = path_ + "/history/000003.json";
  const auto version_file = [&](const std::string& name) {
    return Registry(path_).Champion()->version.folder + "/" + name;
  };
  struct Case {
    const char* what;
    std::function<void()> damage;
    std::string message;
  };
  const std::vector<Case> cases = {
      {"entry changed",
       [&] { EditJson(first, [](json* entry) { (*entry)["why"] = "other"; }); },
       "000003.json: does not follow"},
      {"last entry changed",
       [&] {
         EditJson(second, [](json* entry) { (*entry)["who"] = "nobody"; });
       },
       "000003.json: is not the last entry"},
      {"entry removed", [&] { fs::remove(first); }, "000002.json: No such"},
      {"entries swapped",
       [&] {
         fs::rename(first, first + "x");
         fs::rename(second, first);
         fs::rename(first + "x", second);
       },
       "000002.json: does not follow"},
      {"entry empty", [&] { WriteFileAtomically(second, ""); },
       "000003.json: not JSON at line"},
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
           (*object)["sequence"] = 2;
           (*object)["history_tail"] = Sha256OfFile(first);
         });
       },
       "state.json: is not what the history ends with"},
      {"state of a newer version",
       [&] {
         EditJson(state, [](json* object) { (*object)["version"] = {3, 0}; });
       },
       "state.json: written by a newer Airlock"},
      {"model changed",
       [&] { WriteFileAtomically(version_file("candidate.model"), "worse"); },
       "candidate.model: changed since it was stored"},
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
    registry.Promote(Gate("a"), Why());
    registry.Promote(Gate("b"), Why());
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
  registry.Promote(Gate("a"), Why());
  fs::remove(path_ + "/state.json");
  ExpectError([&] { registry.Promote(Gate("b"), Why()); }, ExitCode::kInput,
              "not a registry");
  EXPECT_TRUE(fs::exists(path_ + "/history/000001.json"));
}

TEST_F(RegistryTest, RollbackToADamagedModelIsRefused) {
  Registry registry(path_);
  registry.Promote(Gate("a"), Why());
  const std::string old = registry.Champion()->version.folder;
  registry.Promote(Gate("b"), Why());
  WriteFileAtomically(old + "/candidate.model", "rotten");
  ExpectError([&] { registry.Rollback(""); }, ExitCode::kInput,
              "changed since it was stored");
  EXPECT_EQ(ChampionText(), "b");
  EXPECT_EQ(registry.History().size(), 3u);
}

// What a killed program can leave is ignored by readers and removed by the next
// change.
TEST_F(RegistryTest, LeftoversAreIgnoredAndRemoved) {
  Registry registry(path_);
  registry.Promote(Gate("a"), Why());
  const std::vector<std::string> leftovers = {
      path_ + "/history/000003.json", path_ + "/history/.000003.json.tmp-1",
      path_ + "/.state.json.tmp-1", path_ + "/versions/.new-0123/files/x",
      path_ + "/receipts/.new-0123/receipt.dsse.json"};
  for (const std::string& leftover : leftovers) {
    fs::create_directories(fs::path(leftover).parent_path());
    WriteFileAtomically(leftover, "half");
  }
  EXPECT_EQ(registry.History().size(), 2u);
  registry.Verify();
  registry.Promote(Gate("b"), Why());
  registry.Verify();
  EXPECT_EQ(registry.History().size(), 3u);
  for (size_t i = 1; i < leftovers.size(); ++i) {
    EXPECT_FALSE(fs::exists(leftovers[i])) << leftovers[i];
  }
}

// Promotes the gate's candidate in another process, which ends with the exit
// code of the error and writes what it says to `path`.says.
pid_t PromoteInChild(const std::string& path, const std::string& gate) {
  const pid_t child = fork();
  if (child != 0) return child;
  int code = 0;
  try {
    Registry(path).Promote(gate, Why());
  } catch (const Error& error) {
    WriteFileAtomically(gate + ".says", error.what());
    code = static_cast<int>(error.code());
  }
  _exit(code);
}

int ExitCodeOf(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Whether the process has the registry's lock file open: then it has read what
// the champion was.
bool WaitsForLock(pid_t process, const std::string& registry) {
  std::error_code ignored;
  for (const auto& entry :
       fs::directory_iterator(fmt::format("/proc/{}/fd", process), ignored)) {
    if (fs::read_symlink(entry.path(), ignored) ==
        fs::canonical(registry + "/lock", ignored)) {
      return true;
    }
  }
  return false;
}

// Both were decided on against the same champion: one wins, the other is told.
TEST_F(RegistryTest, OfTwoPromotersAtOnceOneWinsAndTheOtherIsTold) {
  Registry(path_).Promote(Gate("a"), Why());
  const std::vector<std::string> gates = {Gate("b"), Gate("c")};
  const pid_t holder = fork();
  if (holder == 0) {
    const FolderLock held(path_, 5);
    pause();
    _exit(0);
  }
  std::vector<pid_t> children;
  const auto wait_for = [this](pid_t process) {
    for (int i = 0; i < 2000 && !WaitsForLock(process, path_); ++i) {
      usleep(2000);
    }
    EXPECT_TRUE(WaitsForLock(process, path_));
  };
  wait_for(holder);
  for (const std::string& gate : gates) {
    children.push_back(PromoteInChild(path_, gate));
  }
  for (const pid_t child : children) wait_for(child);
  kill(holder, SIGKILL);
  waitpid(holder, nullptr, 0);
  const int first = ExitCodeOf(children[0]);
  const int second = ExitCodeOf(children[1]);
  EXPECT_EQ(std::min(first, second), 0);
  EXPECT_EQ(std::max(first, second), static_cast<int>(ExitCode::kNo));
  const std::string& loser = gates[first == 0 ? 1 : 0];
  EXPECT_THAT(ReadFile(loser + ".says"),
              HasSubstr("another program changed the champion meanwhile"));
  EXPECT_EQ(ChampionText(), first == 0 ? "b" : "c");
  EXPECT_EQ(Registry(path_).History().size(), 3u);
  Registry(path_).Verify();
  // Asked again, it is a decision about the new champion.
  EXPECT_EQ(ExitCodeOf(PromoteInChild(path_, loser)), 0);
  EXPECT_EQ(Registry(path_).History().size(), 4u);
}

// Also where there is no registry yet, and for many.
TEST_F(RegistryTest, ManyPromotersLeaveOneChampionAndATrueHistory) {
  constexpr int kPromoters = 6;
  for (int i = 0; i < kPromoters; ++i) Gate(std::to_string(i));
  std::vector<pid_t> children;
  for (int i = 0; i < kPromoters; ++i) {
    children.push_back(
        PromoteInChild(path_, folder_ / ("gate-" + std::to_string(i))));
  }
  size_t winners = 0;
  for (const pid_t child : children) {
    const int code = ExitCodeOf(child);
    EXPECT_TRUE(code == 0 || code == static_cast<int>(ExitCode::kNo)) << code;
    winners += code == 0;
  }
  EXPECT_GE(winners, 1u);
  const std::vector<HistoryEntry> history = Registry(path_).History();
  EXPECT_EQ(history.size(), winners + 1);  // and one that trusts the key
  EXPECT_EQ(Registry(path_).Champion()->version.digest,
            history.back().model_digest);
  Registry(path_).Verify();
}

TEST_F(RegistryTest, ANewRegistryTrustsTheUsersOwnKeyAlone) {
  const std::string gate = folder_ / "gate";
  WriteGateFolder(gate, "a", "promote", TestKey('x'));
  ExpectError([&] { Registry(path_).Promote(gate, Why()); }, ExitCode::kNo,
              "airlock registry init " + path_ + " --trust KEY.pub");
  ExpectError([&] { Registry(path_).Promote(gate, {}); }, ExitCode::kNo,
              "airlock registry init " + path_ + " --trust KEY.pub");
  EXPECT_FALSE(fs::exists(path_));
  const Registry::Change first =
      Registry(path_).Promote(gate, {"", TestKey('x').public_key(), ""});
  ASSERT_EQ(first.notes.size(), 1u);
  EXPECT_THAT(first.notes[0], HasSubstr("from now on it trusts your signing"));
  // From then on the user's own key is a key like any other.
  ExpectError([&] { Registry(path_).Promote(Gate("b"), Why()); }, ExitCode::kNo,
              "airlock registry trust " + path_ + " KEY.pub");
  Registry(path_).Trust({TestKey().public_key()}, "the team's");
  EXPECT_TRUE(Registry(path_).Promote(Gate("b"), Why()).notes.empty());
  Registry(path_).Verify();
}

TEST_F(RegistryTest, InitSaysWhoseReceiptsCount) {
  Registry registry(path_);
  registry.Init({TestKey('x').public_key(), TestKey('y').public_key()}, "ci");
  EXPECT_EQ(registry.State().trusted.size(), 2u);
  const PublicKey twice = TestKey('x').public_key();
  ExpectError(
      [&] {
        Registry(folder_ / "r").Init({twice, twice}, "");
      },
      ExitCode::kInput, "already");
  EXPECT_FALSE(fs::exists(folder_ / "r"));
  ExpectError([&] { registry.Init({TestKey().public_key()}, ""); },
              ExitCode::kInput, "is a registry already");
  ExpectError([&] { registry.Promote(Gate("a"), Why()); }, ExitCode::kNo,
              "signed with a key that is not trusted");
  ExpectError([&] { registry.Trust({TestKey('x').public_key()}, ""); },
              ExitCode::kInput, "already");
  EXPECT_EQ(registry.History().size(), 1u);
}

// TUF: what a revoked key signed counts no more, whenever it was signed.
TEST_F(RegistryTest, AReceiptOfADistrustedKeyPromotesNothing) {
  Registry registry(path_);
  registry.Promote(Gate("a"), Why());
  registry.Promote(Gate("b"), Why());
  registry.Trust({TestKey('x').public_key()}, "");
  const std::string id = TestKey().public_key().id();
  ExpectError([&] { registry.Distrust(id.substr(0, 7), ""); }, ExitCode::kInput,
              "of at least 8 digits");
  ExpectError([&] { registry.Distrust(std::string(16, '0'), ""); },
              ExitCode::kInput, "trusted: ");
  const Registry::Change change =
      registry.Distrust(id.substr(0, 8), "laptop stolen");
  ASSERT_EQ(change.notes.size(), 2u);  // champion and previous champion
  EXPECT_THAT(change.notes[0], HasSubstr("the champion"));
  ExpectError([&] { registry.Champion(); }, ExitCode::kNo, "not trusted");
  ExpectError([&] { registry.Rollback(""); }, ExitCode::kNo, "not trusted");
  ExpectError([&] { registry.Promote(Gate("c"), Why()); }, ExitCode::kNo,
              "not trusted");
  // The past was right by the keys of its time.
  registry.Verify();
  // The same model with a receipt that counts is live again, and the way back
  // stays.
  WriteGateFolder(folder_ / "gate-b", "b", "promote", TestKey('x'));
  EXPECT_TRUE(registry.Promote(folder_ / "gate-b", Why()).changed);
  EXPECT_EQ(ChampionText(), "b");
  EXPECT_FALSE(registry.State().previous.empty());
  registry.Verify();
  registry.Distrust(TestKey('x').public_key().id(), "");
  ExpectError([&] { registry.Promote(Gate("c"), Why()); }, ExitCode::kNo,
              "trusts no key any more");
}

TEST_F(RegistryTest, ACandidateRunsInShadowUntilItIsPromoted) {
  Registry registry(path_);
  ExpectError([&] { registry.SetCandidate(Gate("b"), ""); }, ExitCode::kInput,
              "not a registry");
  registry.Promote(Gate("a"), Why());
  WriteGateFolder(folder_ / "gate-b", "b", "inconclusive");
  const Registry::Change stored =
      registry.SetCandidate(folder_ / "gate-b", "watch it");
  EXPECT_EQ(stored.model_name, "the b");
  EXPECT_FALSE(registry.SetCandidate(folder_ / "gate-b", "again").changed);
  const RegistryState state = registry.State();
  EXPECT_EQ(ChampionText(), "a");
  const SignedModel shadow =
      LoadSignedModel(path_, state, state.candidate, false);
  EXPECT_EQ(shadow.version.name, "the b");
  EXPECT_EQ(shadow.receipt.result, "WARNED");
  ExpectError([&] { LoadSignedModel(path_, state, state.candidate, true); },
              ExitCode::kNo, "says WARNED, not PASSED");
  ExpectError([&] { registry.SetCandidate(folder_ / "gate-a", ""); },
              ExitCode::kNo, "cannot be its own candidate");
  // A receipt that does not hold keeps out of the shadow, too.
  WriteGateFolder(folder_ / "gate-c", "c", "reject", TestKey('x'));
  ExpectError([&] { registry.SetCandidate(folder_ / "gate-c", ""); },
              ExitCode::kNo, "not trusted");
  registry.Promote(Gate("b"), Why());
  EXPECT_TRUE(registry.State().candidate.empty());
  WriteGateFolder(folder_ / "gate-c", "c", "reject");
  registry.SetCandidate(folder_ / "gate-c", "");
  EXPECT_TRUE(registry.ClearCandidate("").changed);
  EXPECT_FALSE(registry.ClearCandidate("").changed);
  EXPECT_TRUE(registry.State().candidate.empty());
  registry.Verify();
}

TEST_F(RegistryTest, NothingIsPromotedWhilePaused) {
  Registry registry(path_);
  registry.Promote(Gate("a"), Why());
  registry.Promote(Gate("b"), Why());
  registry.SetPause(Pause::kKeep, "network freeze");
  EXPECT_FALSE(registry.SetPause(Pause::kKeep, "again").changed);
  ExpectError([&] { registry.Promote(Gate("c"), Why()); }, ExitCode::kNo,
              "network freeze; nothing is promoted until: airlock registry "
              "resume");
  registry.SetPause(Pause::kFallback, "alarms");
  EXPECT_EQ(registry.State().pause, Pause::kFallback);
  registry.Rollback("the way out stays open");
  EXPECT_EQ(ChampionText(), "a");
  registry.SetPause(Pause::kNo, "");
  registry.Promote(Gate("c"), Why());
  EXPECT_EQ(ChampionText(), "c");
  registry.Verify();
}

TEST_F(RegistryTest, APromotionCanBeBoundToTheChampion) {
  Registry registry(path_);
  registry.Promote(Gate("a"), Why());
  Registry::PromoteOptions options = Why();
  options.if_champion = std::string(16, '0');
  ExpectError([&] { registry.Promote(Gate("b"), options); }, ExitCode::kNo,
              "not 0000000000000000");
  options.if_champion = registry.State().champion.model.substr(0, 12);
  registry.Promote(Gate("b"), options);
  EXPECT_EQ(ChampionText(), "b");
}

// Somebody who can write history, but has no trusted key, makes no champion.
TEST_F(RegistryTest, AForgedPromotionIsFoundOut) {
  Registry registry(path_);
  registry.Promote(Gate("a"), Why());
  WriteGateFolder(folder_ / "gate-c", "c", "promote", TestKey('x'));
  Registry(folder_ / "forged")
      .Promote(folder_ / "gate-c", {"", TestKey('x').public_key(), ""});
  const auto forged = Registry(folder_ / "forged").State().champion;
  for (const char* part : {"/versions", "/receipts"}) {
    fs::copy(folder_ / "forged" + part, path_ + part,
             fs::copy_options::recursive | fs::copy_options::skip_existing);
  }
  const std::string entry = path_ + "/history/000003.json";
  json object = json::parse(ReadFile(path_ + "/history/000002.json"));
  object["number"] = 3;
  object["model_digest"] = forged.model;
  object["receipt_digest"] = forged.receipt;
  object["previous_hash"] = registry.State().history_tail;
  WriteFileAtomically(entry, object.dump(2) + "\n");
  EditJson(path_ + "/state.json", [&](json* state) {
    (*state)["previous"] = (*state)["champion"];
    (*state)["champion"] = {{"model", forged.model},
                            {"receipt", forged.receipt}};
    (*state)["sequence"] = 3;
    (*state)["history_tail"] = Sha256OfFile(entry);
  });
  ExpectError([&] { registry.Champion(); }, ExitCode::kNo, "not trusted");
  ExpectError([&] { registry.Verify(); }, ExitCode::kNo, "not trusted");
}

TEST_F(RegistryTest, AWatchTellsOfEveryChangeOnce) {
  RegistryWatch watch(path_);
  ExpectError([&] { watch.Poll(); }, ExitCode::kInput, "not a registry");
  Registry registry(path_);
  registry.Promote(Gate("a"), Why());
  const auto first = watch.Poll();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->sequence, 2);
  EXPECT_FALSE(watch.Poll());
  registry.SetPause(Pause::kKeep, "");
  ASSERT_TRUE(watch.Poll());
  EXPECT_FALSE(watch.Poll());
  registry.Promote(folder_ / "gate-a", Why());  // changes nothing
  EXPECT_FALSE(watch.Poll());
  const std::string state = ReadFile(path_ + "/state.json");
  WriteFileAtomically(path_ + "/state.json", "{");
  ExpectError([&] { watch.Poll(); }, ExitCode::kInput, "not JSON");
  ExpectError([&] { watch.Poll(); }, ExitCode::kInput, "not JSON");
  WriteFileAtomically(path_ + "/state.json", state);
  EXPECT_FALSE(watch.Poll());
}

TEST_F(RegistryTest, WhoeverWaitsTooLongIsTold) {
  Registry(path_).Promote(Gate("a"), Why());
  const FolderLock held(path_, 0);
  ExpectError([&] { FolderLock(path_, 0.05); }, ExitCode::kFailed,
              "another program is changing the registry");
}

}  // namespace
}  // namespace airlock
