#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "sim/base/file.h"
#include "sim/base/rng.h"
#include "tests/support/gate_folder.h"
#include "tests/support/kill_at_system_call.h"
#include "tests/support/temporary_folder.h"
#include "twin/registry/registry.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;
using airlock::testing::KillAtSystemCall;
using airlock::testing::KillOutcome;
using airlock::testing::TemporaryFolder;
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

// What a reader sees; "" where there is no registry.
std::string ChampionOf(const std::string& registry) {
  if (!fs::exists(registry + "/state.json")) return "";
  const auto champion = Registry(registry).Champion();
  return champion ? ReadFile(champion->version.folder + "/candidate.model")
                  : "none";
}

// Files and folders whose name starts with a dot, at any depth.
int HiddenEntries(const std::string& folder) {
  int hidden = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    hidden += entry.path().filename().string().rfind('.', 0) == 0;
  }
  return hidden;
}

class KillTest : public ::testing::Test {
 protected:
  KillTest() {
    for (const char* model : {"a", "b", "c"}) {
      WriteGateFolder(folder_ / model, model);
    }
  }

  // Copies `start` (a registry, or nothing) and kills `change` on the copy at
  // its first, second, ... system call until it finishes. After each kill the
  // copy must be whole, with champion and history of before or of after, and
  // take the promotion of "c".
  void KillEverywhere(const std::string& start,
                      const std::function<void(Registry*)>& change,
                      const std::string& before, const std::string& after,
                      size_t entries_before, size_t entries_of_change) {
    int kills = 0, seen_before = 0, seen_after = 0;
    for (int count = 1;; ++count) {
      SCOPED_TRACE(count);
      const std::string copy = folder_ / "copy";
      fs::remove_all(copy);
      if (fs::exists(start)) fs::copy(start, copy, fs::copy_options::recursive);
      const KillOutcome outcome = KillAtSystemCall(
          [&] {
            Registry registry(copy);
            change(&registry);
          },
          count);
      if (outcome == KillOutcome::kCannotTrace) GTEST_SKIP() << "no ptrace";
      const std::string champion = ChampionOf(copy);
      const bool is_after = champion == after;
      if (!is_after && !champion.empty()) {
        EXPECT_EQ(champion, before);
      }
      if (fs::exists(copy + "/state.json")) {
        Registry registry(copy);
        registry.Verify();
        EXPECT_EQ(registry.History().size(),
                  entries_before + is_after * entries_of_change);
      }
      if (outcome == KillOutcome::kFinished) {
        EXPECT_TRUE(is_after);
        break;
      }
      ++kills;
      ++(is_after ? seen_after : seen_before);
      Registry registry(copy);
      registry.Promote(folder_ / "c", Why("after the kill"));
      registry.Verify();
      EXPECT_EQ(registry.History().size(), now + 1);
      EXPECT_EQ(ChampionOf(copy), "c");
      EXPECT_EQ(HiddenEntries(copy), 0);
    }
    RecordProperty("kills", kills);
    EXPECT_GT(seen_before, 20);
    EXPECT_GT(seen_after, 0);
  }

  TemporaryFolder folder_;
};

TEST_F(KillTest, FirstPromotion) {
  KillEverywhere(
      folder_ / "nothing",
      [&](Registry* registry) { registry->Promote(folder_ / "a", Why("")); },
      "none", "a", 0);
}

TEST_F(KillTest, LaterPromotion) {
  Registry(folder_ / "start").Promote(folder_ / "a", Why(""));
  KillEverywhere(
      folder_ / "start",
      [&](Registry* registry) { registry->Promote(folder_ / "b", Why("")); },
      "a", "b", 1);
}

TEST_F(KillTest, Rollback) {
  Registry(folder_ / "start").Promote(folder_ / "a", Why(""));
  Registry(folder_ / "start").Promote(folder_ / "b", Why(""));
  KillEverywhere(
      folder_ / "start", [](Registry* registry) { registry->Rollback(""); },
      "b", "a", 2);
}

// One registry that is killed again and again at random moments, with a reader
// looking at it in between.
TEST_F(KillTest, ManyKillsOfOneRegistry) {
  const std::string path = folder_ / "registry";
  RngStream rng(1);
  size_t entries = 0;
  for (int run = 0; run < 150; ++run) {
    const std::string gate = folder_ / (rng.Uniform() < 0.5 ? "a" : "b");
    const bool rollback = rng.Uniform() < 0.3;
    const KillOutcome outcome = KillAtSystemCall(
        [&] {
          if (rollback) {
            Registry(path).Rollback("");
          } else {
            Registry(path).Promote(gate, Why(""));
          }
        },
        1 + static_cast<int>(rng.UniformInt(300)));
    if (outcome == KillOutcome::kCannotTrace) GTEST_SKIP() << "no ptrace";
    if (!fs::exists(path + "/state.json")) continue;
    Registry(path).Verify();
    const size_t now = Registry(path).History().size();
    EXPECT_GE(now, entries);
    EXPECT_LE(now, entries + 1);
    entries = now;
  }
  EXPECT_GT(entries, 10u);
}

}  // namespace
}  // namespace airlock
