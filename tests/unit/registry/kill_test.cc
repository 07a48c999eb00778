#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <vector>

#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/rng.h"
#include "tests/support/gate_folder.h"
#include "tests/support/kill_at_system_call.h"
#include "tests/support/temporary_folder.h"
#include "twin/registry/registry.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;
using airlock::testing::FailSystemCall;
using airlock::testing::FaultOutcome;
using airlock::testing::KillAtSystemCall;
using airlock::testing::KillOutcome;
using airlock::testing::SystemCalls;
using airlock::testing::TemporaryFolder;
using airlock::testing::TestKey;
using airlock::testing::Why;
using airlock::testing::WriteGateFolder;

// Hundreds of synced changes take minutes on a disk and seconds in memory, so
// this program keeps its temporary folders there where it can.
class MemoryDisk : public ::testing::Environment {
 public:
  void SetUp() override {
    if (access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 1);
  }
};
const ::testing::Environment* const kMemoryDisk =
    ::testing::AddGlobalTestEnvironment(new MemoryDisk);

// Files and folders whose name starts with a dot, at any depth.
int HiddenEntries(const std::string& folder) {
  int hidden = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    hidden += entry.path().filename().string().rfind('.', 0) == 0;
  }
  return hidden;
}

// With AIRLOCK_EVERY_SYSTEM_CALL=1 programs are also killed at the calls in
// between, some ten times as many, which find the same files, and calls also
// fail with EIO.
bool Thorough() { return std::getenv("AIRLOCK_EVERY_SYSTEM_CALL") != nullptr; }

using Change = std::function<void(Registry*)>;

// One way of changing a registry, on which faults are injected.
struct ChangeCase {
  const char* name;
  std::vector<Change> before;  // make the registry that it starts from
  Change change;
};

class FaultTest : public ::testing::TestWithParam<int> {
 protected:
  FaultTest() {
    for (const char* model : {"a", "b", "c", "d"}) {
      WriteGateFolder(folder_ / model, model);
    }
    const ChangeCase row = Cases()[static_cast<size_t>(GetParam())];
    change_ = row.change;
    for (const Change& step : row.before) {
      Registry registry(folder_ / "start");
      step(&registry);
    }
    before_ = StateOf(folder_ / "start");
    if (!row.before.empty()) {
      fs::copy(folder_ / "start", folder_ / "end", fs::copy_options::recursive);
    }
    Registry registry(folder_ / "end");
    change_(&registry);
    after_ = StateOf(folder_ / "end");
    EXPECT_FALSE(SameInForce(before_, after_));
  }

 public:
  std::vector<ChangeCase> Cases() {
    const Change a = [this](Registry* r) { r->Promote(folder_ / "a", Why()); };
    const Change b = [this](Registry* r) { r->Promote(folder_ / "b", Why()); };
    return {{"FirstPromotion", {}, a},
            {"LaterPromotion", {a}, b},
            {"Rollback", {a, b}, [](Registry* r) { r->Rollback(""); }},
            {"Candidate",
             {a},
             [this](Registry* r) { r->SetCandidate(folder_ / "b", ""); }},
            {"Pause", {a}, [](Registry* r) { r->SetPause(Pause::kKeep, ""); }},
            {"Init",
             {},
             [](Registry* r) { r->Init({TestKey().public_key()}, ""); }},
            {"Trust", {a}, [](Registry* r) {
               r->Trust({TestKey('z').public_key()}, "");
             }}};
  }

 protected:
  // What a reader sees; a new one where there is no registry.
  static RegistryState StateOf(const std::string& registry) {
    if (!fs::exists(registry + "/state.json")) return {};
    return Registry(registry).State();
  }

  // Equal but for the hash of the last entry, which has the time in it.
  static bool SameInForce(RegistryState a, const RegistryState& b) {
    a.history_tail = b.history_tail;
    return a == b;
  }

  // The copy that a fault is injected on.
  std::string FreshCopy() {
    const std::string copy = folder_ / "copy";
    fs::remove_all(copy);
    if (fs::exists(folder_ / "start")) {
      fs::copy(folder_ / "start", copy, fs::copy_options::recursive);
    }
    return copy;
  }

  // The registry is whole, with the state of before or of after, and one
  // champion that loads; returns whether it is that of after.
  bool CheckWhole(const std::string& copy) {
    const RegistryState state = StateOf(copy);
    const bool is_after = SameInForce(state, after_);
    EXPECT_TRUE(is_after || SameInForce(state, before_));
    if (!fs::exists(copy + "/state.json")) return is_after;
    const Registry registry(copy);
    registry.Verify();
    EXPECT_EQ(registry.History().size(), static_cast<size_t>(state.sequence));
    EXPECT_EQ(registry.Champion().has_value(), !state.champion.empty());
    return is_after;
  }

  // The registry takes the next change, which removes what was left.
  void CheckGoesOn(const std::string& copy) {
    Registry registry(copy);
    const bool fresh = StateOf(copy).sequence == 0;
    const int64_t before = StateOf(copy).sequence;
    if (StateOf(copy).pause != Pause::kNo) {
      registry.SetPause(Pause::kNo, "after the fault");
    }
    const int64_t resumed = StateOf(copy).sequence - before;
    registry.Promote(folder_ / "d", Why("after the fault"));
    registry.Verify();
    EXPECT_EQ(registry.State().sequence, before + resumed + 1 + fresh);
    EXPECT_EQ(registry.Champion()->version.name, "the d");
    EXPECT_EQ(HiddenEntries(copy), 0);
  }

  // Kills the change when it enters its first, second, ... call that counts,
  // until it finishes. Returns the number of kills, -1 if they are not
  // possible.
  int KillEverywhere(SystemCalls which) {
    int kills = 0, seen_before = 0, seen_after = 0;
    for (int count = 1;; ++count) {
      SCOPED_TRACE(count);
      const std::string copy = FreshCopy();
      const KillOutcome outcome = KillAtSystemCall(
          [&] {
            Registry registry(copy);
            change_(&registry);
          },
          count, which);
      if (outcome == KillOutcome::kCannotTrace) return -1;
      const bool is_after = CheckWhole(copy);
      if (outcome == KillOutcome::kFinished) {
        EXPECT_TRUE(is_after);
        break;
      }
      ++kills;
      ++(is_after ? seen_after : seen_before);
      CheckGoesOn(copy);
    }
    EXPECT_GT(seen_before, 5);
    EXPECT_GT(seen_after, 0);
    return kills;
  }

  TemporaryFolder folder_;
  Change change_;
  RegistryState before_;
  RegistryState after_;
};

std::string CaseName(const ::testing::TestParamInfo<int>& info) {
  static const char* const names[] = {
      "FirstPromotion", "LaterPromotion", "Rollback", "Candidate",
      "Pause",          "Init",           "Trust"};
  return names[info.param];
}

INSTANTIATE_TEST_SUITE_P(Changes, FaultTest, ::testing::Range(0, 7), CaseName);

TEST_P(FaultTest, KilledAtEveryCallThatChangesFiles) {
  const int kills =
      KillEverywhere(Thorough() ? SystemCalls::kAll : SystemCalls::kChanges);
  if (kills < 0) GTEST_SKIP() << "no ptrace";
  RecordProperty("kills", kills);
  fmt::print("{} kills\n", kills);
}

// A disk that is full, or that fails, at any one moment: the change says so and
// is not in force, or is in force and says that too.
TEST_P(FaultTest, EveryCallThatChangesFilesFails) {
  int faults = 0;
  std::vector<int> errors = {ENOSPC};
  if (Thorough()) errors.push_back(EIO);
  for (const int error : errors) {
    for (int count = 1;; ++count) {
      SCOPED_TRACE(count);
      const std::string copy = FreshCopy();
      const std::string says = folder_ / "says";
      fs::remove(says);
      const FaultOutcome outcome = FailSystemCall(
          [&] {
            try {
              Registry registry(copy);
              change_(&registry);
            } catch (const Error& failed) {
              WriteFileAtomically(says, failed.what());
              throw;
            }
          },
          count, error);
      if (outcome == FaultOutcome::kCannotTrace) GTEST_SKIP() << "no ptrace";
      ASSERT_NE(outcome, FaultOutcome::kCrashed);
      const bool is_after = CheckWhole(copy);
      if (outcome == FaultOutcome::kNoFault) {
        EXPECT_TRUE(is_after);
        break;
      }
      ++faults;
      if (outcome == FaultOutcome::kThrew) {
        const std::string text = fs::exists(says) ? ReadFile(says) : "";
        EXPECT_FALSE(text.empty()) << "not an Error";
        EXPECT_EQ(is_after, text.find("in force") != std::string::npos) << text;
      } else {
        EXPECT_TRUE(is_after);
      }
      CheckGoesOn(copy);
    }
  }
  RecordProperty("faults", faults);
  fmt::print("{} failing calls\n", faults);
}

// One registry that is killed again and again at random moments, with a reader
// looking at it in between.
TEST(KillTest, ManyKillsOfOneRegistry) {
  const TemporaryFolder folder;
  for (const char* model : {"a", "b"}) WriteGateFolder(folder / model, model);
  const std::string path = folder / "registry";
  RngStream rng(1);
  int64_t entries = 0;
  for (int run = 0; run < 60; ++run) {
    const std::string gate = folder / (rng.Uniform() < 0.5 ? "a" : "b");
    const bool rollback = rng.Uniform() < 0.3;
    const KillOutcome outcome = KillAtSystemCall(
        [&] {
          if (rollback) {
            Registry(path).Rollback("");
          } else {
            Registry(path).Promote(gate, Why());
          }
        },
        1 + static_cast<int>(rng.UniformInt(400)));
    if (outcome == KillOutcome::kCannotTrace) GTEST_SKIP() << "no ptrace";
    if (!fs::exists(path + "/state.json")) continue;
    Registry(path).Verify();
    const int64_t now = Registry(path).State().sequence;
    EXPECT_GE(now, entries);
    EXPECT_LE(now, entries + 2);  // the first promotion trusts a key too
    entries = now;
  }
  EXPECT_GT(entries, 10);
}

}  // namespace
}  // namespace airlock
