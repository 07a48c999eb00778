#include <gtest/gtest.h>

#include <cstdio>
#include <map>

#include "tests/faults/gate/planted_faults.h"

// The planted faults over several worlds: how many bad ones are promoted (none
// may be), and how many good ones are rejected (5 % at most).
namespace airlock::testing {
namespace {

TEST(WideFaultsTest, NoBadOneIsPromotedAndFewGoodOnesAreRejected) {
  constexpr uint64_t kFirst = 11;
  constexpr uint64_t kWorlds = 3;
  int good = 0;
  int rejected = 0;
  int promoted = 0;
  std::map<std::string, std::map<std::string, int>> table;
  for (uint64_t seed = kFirst; seed < kFirst + kWorlds; ++seed) {
    const PlantedWorld world(seed);
    const std::string folder = world.folder().path();
    for (const Planted& bad : BadForecasts(folder)) {
      const GateVerdict verdict = world.Judge(bad);
      ++table[bad.name][ToString(verdict.verdict)];
      EXPECT_NE(verdict.verdict, Outcome::kPromote) << "seed " << seed << "\n"
                                                    << verdict.ToText();
    }
    for (const Planted& planted : GoodForecasts(folder)) {
      const GateVerdict verdict = world.Judge(planted);
      ++table[planted.name][ToString(verdict.verdict)];
      ++good;
      rejected += verdict.verdict == Outcome::kReject ? 1 : 0;
      promoted += verdict.verdict == Outcome::kPromote ? 1 : 0;
      if (verdict.verdict != Outcome::kPromote) {
        fmt::print("seed {}: {}", seed, verdict.ToText());
      }
    }
    fmt::print("seed {}: {} of {} good ones promoted so far, {} rejected\n",
               seed, promoted, good, rejected);
    std::fflush(stdout);
  }
  for (const auto& [name, outcomes] : table) {
    fmt::print("{:24}", name);
    for (const auto& [outcome, count] : outcomes) {
      fmt::print(" {} {}", count, outcome);
    }
    fmt::print("\n");
  }
  fmt::print("good: {} of {} promoted, {} rejected\n", promoted, good,
             rejected);
  EXPECT_LE(rejected, good / 20);
  EXPECT_GE(promoted, good * 8 / 10);
}

}  // namespace
}  // namespace airlock::testing
