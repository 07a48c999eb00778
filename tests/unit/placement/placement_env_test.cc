#include "agents/placement/placement_env.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agents/placement/placement_rules.h"
#include "tests/unit/placement/small_servers.h"

namespace airlock {
namespace {

PlacementEnvOptions Small() {
  PlacementEnvOptions options;
  options.servers = *SmallServers().datacentre->servers;
  options.steps = 40;
  options.tally = std::make_shared<SharedTally>();
  return options;
}

RngStream Episode(int64_t n) {
  return RngTree(3).Stream("test/episode", Replication(n));
}

// An action of what is allowed, by `rng`.
std::vector<double> AnyAllowed(const PlacementEnv& env, RngStream* rng) {
  const EnvSpec& spec = env.spec();
  std::vector<uint8_t> allowed(static_cast<size_t>(spec.action.all_choices()));
  env.Allow(allowed.data());
  std::vector<double> action;
  size_t at = 0;
  for (const int64_t choices : spec.action.choices) {
    std::vector<int64_t> free;
    for (int64_t i = 0; i < choices; ++i) {
      if (allowed[at + static_cast<size_t>(i)]) free.push_back(i);
    }
    EXPECT_FALSE(free.empty());
    action.push_back(static_cast<double>(free[rng->UniformInt(free.size())]));
    at += static_cast<size_t>(choices);
  }
  return action;
}

TEST(PlacementEnvTest, AnEpisodeSavedAndLoadedGoesOnBitByBit) {
  PlacementEnv one(Small()), other(Small());
  one.Reset(Episode(1));
  RngStream rng = RngTree(9).Stream("test/actions", Replication(0));
  const size_t width = one.spec().observation.size();
  for (int step = 0; step < 30; ++step) {
    double costs[2], other_costs[2];
    other.Reset(Episode(1));
    other.Load(nlohmann::json::parse(one.Save().dump()));
    std::vector<double> seen(width), other_seen(width);
    one.Observe(seen.data());
    other.Observe(other_seen.data());
    ASSERT_EQ(seen, other_seen) << step;
    const std::vector<double> action = AnyAllowed(one, &rng);
    const double reward = one.Step(action.data(), costs).reward;
    ASSERT_EQ(reward, other.Step(action.data(), other_costs).reward);
    ASSERT_EQ(costs[0], other_costs[0]);
    ASSERT_EQ(costs[1], other_costs[1]);
  }
}

TEST(PlacementEnvTest, FewMachinesArePaidForAndTooFewCoresCost) {
  PlacementEnv env(Small());
  env.Reset(Episode(2));
  double costs[2];
  const double all = env.StepWith(env.plan(), false, costs).reward;
  const PlacementPlan one_core{{1, 1, 1, 1}, {0, 0, 0, 0}};
  double broken = 0;
  double few = 0;
  for (int step = 0; step < 38; ++step) {
    few = env.StepWith(one_core, false, costs).reward;
    broken += costs[0];
  }
  EXPECT_GT(few, all);
  EXPECT_GT(broken, 5);
}

TEST(PlacementEnvTest, TheShieldHoldsWhateverIsChosen) {
  const PlacementEnvOptions options = Small();
  PlacementEnv env(options);
  RngStream rng = RngTree(11).Stream("test/actions", Replication(0));
  for (int episode = 0; episode < 5; ++episode) {
    env.Reset(Episode(episode));
    for (int step = 0; step < 40; ++step) {
      double costs[2];
      env.Step(AnyAllowed(env, &rng).data(), costs);
    }
  }
  EXPECT_EQ(options.tally->Read().plans, 200);
  EXPECT_EQ(options.tally->Read().unsafe_plans, 0);
}

TEST(PlacementEnvTest, StayingChangesNothing) {
  PlacementEnv env(Small());
  env.Reset(Episode(4));
  const PlacementPlan before = env.plan();
  double costs[2];
  env.Step(env.Staying().data(), costs);
  for (size_t f = 0; f < before.cores.size(); ++f) {
    EXPECT_GE(env.plan().cores[f], before.cores[f]);  // the shield may add
  }
  EXPECT_EQ(env.plan().machines, before.machines);
}

}  // namespace
}  // namespace airlock
