#include "agents/placement/placement_shield.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/base/rng.h"
#include "tests/unit/placement/small_servers.h"

namespace airlock {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

PlacementSetup Shielded(const std::string& shield) {
  return PlacementSetupOf(
      *SmallServers("{shield: " + shield + "}").datacentre->servers);
}

PlacementView Busy(const std::vector<double>& busy) {
  PlacementView view;
  for (const double one : busy) view.functions.push_back({one, 1000});
  view.chains = {{1000, 1000, 1e-4}, {1000, 1000, 1e-4}};
  return view;
}

TEST(PlacementShieldTest, KeepsTheCoresThatTheLoadNeeds) {
  const PlacementSetup setup = Shielded("{most_busy: 90%, most_change: 4}");
  const PlacementShield shield(setup);
  const PlacementPlan present = FirstPlan(setup);  // 2, 3, 2, 1
  const auto verdict = shield.Limit({{1, 1, 1, 1}, present.machines}, present,
                                    Busy({0.4, 0.7, 0.5, 1.0}));
  // 0.8 / 0.9, 2.1 / 0.9, 1 / 0.9 and 1 / 0.9 cores.
  EXPECT_THAT(verdict.plan.cores, ElementsAre(1, 3, 2, 2));
  EXPECT_THAT(verdict.rules, ElementsAre("", "minimum", "minimum", "minimum"));
}

TEST(PlacementShieldTest, LimitsChangesAndMoves) {
  const PlacementSetup setup = Shielded("{most_change: 1, most_moves: 1}");
  const PlacementShield shield(setup);
  const PlacementPlan present{{1, 1, 2, 1}, {0, 0, 1, 1}};
  const auto verdict = shield.Limit({{4, 1, 2, 1}, {1, 1, 0, 1}}, present,
                                    Busy({0.1, 0.1, 0.1, 0.1}));
  EXPECT_THAT(verdict.plan.cores, ElementsAre(2, 1, 2, 1));
  EXPECT_THAT(verdict.plan.machines, ElementsAre(1, 0, 1, 1));
  EXPECT_THAT(verdict.rules, ElementsAre("change", "moves", "moves", ""));
}

TEST(PlacementShieldTest, AMachineThatDoesNotExistIsNoMove) {
  const PlacementSetup setup = Shielded("{}");
  const PlacementShield shield(setup);
  const PlacementPlan present = FirstPlan(setup);
  for (const int64_t machine : {-1, 2, 1000}) {
    PlacementPlan proposed = present;
    proposed.machines[2] = machine;
    const auto verdict =
        shield.Limit(proposed, present, Busy({0.1, 0.1, 0.1, 0.1}));
    EXPECT_TRUE(verdict.plan == present);
  }
}

TEST(PlacementShieldTest, NothingIsOverCommitted) {
  const PlacementSetup setup = Shielded("{most_change: 10, most_moves: 4}");
  const PlacementShield shield(setup);
  const PlacementPlan present = FirstPlan(setup);
  const auto verdict = shield.Limit({{6, 6, 6, 6}, {0, 0, 0, 0}}, present,
                                    Busy({0.1, 0.1, 0.1, 0.1}));
  EXPECT_TRUE(Fits(verdict.plan, setup));
  EXPECT_GT(verdict.broken[static_cast<size_t>(PlacementRule::kCapacity)], 0);
}

// The audit shares nothing with Limit() and finds nothing in what it lets
// pass, whatever is proposed; it does find what is wrong in raw proposals.
TEST(PlacementShieldTest, TheAuditFindsNoExecutedPlanUnsafe) {
  const PlacementSetup setup = Shielded("{}");
  const PlacementShield shield(setup);
  RngStream rng = RngTree(7).Stream("test/shield", Replication(0));
  PlacementPlan present = FirstPlan(setup);
  int64_t unsafe_proposals = 0;
  for (int i = 0; i < 5000; ++i) {
    PlacementPlan proposed;
    std::vector<double> busy;
    for (size_t f = 0; f < setup.functions(); ++f) {
      proposed.cores.push_back(static_cast<int64_t>(rng.UniformInt(9)) - 1);
      proposed.machines.push_back(static_cast<int64_t>(rng.UniformInt(2)));
      busy.push_back(rng.Uniform());
    }
    const PlacementView view = Busy(busy);
    bool positive = true;
    for (const int64_t cores : proposed.cores) positive &= cores > 0;
    if (positive && !shield.Audit(proposed, present, view).empty()) {
      ++unsafe_proposals;
    }
    const auto verdict = shield.Limit(proposed, present, view);
    ASSERT_TRUE(Fits(verdict.plan, setup));
    ASSERT_THAT(shield.Audit(verdict.plan, present, view), IsEmpty());
    present = verdict.plan;
  }
  EXPECT_GT(unsafe_proposals, 1000);
}

}  // namespace
}  // namespace airlock
