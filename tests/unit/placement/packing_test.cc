#include "agents/placement/packing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/base/rng.h"
#include "tests/unit/placement/small_servers.h"

namespace airlock {
namespace {

using ::testing::ElementsAre;

PlacementSetup Small() {
  return PlacementSetupOf(*SmallServers().datacentre->servers);
}

TEST(PackingTest, LeavesFunctionsWhereTheyFit) {
  const PlacementSetup setup = Small();
  const PlacementPlan plan = Pack(FirstPlan(setup), {3, 3, 2, 2}, setup, {});
  EXPECT_THAT(plan.cores, ElementsAre(3, 3, 2, 2));
  EXPECT_THAT(plan.machines, ElementsAre(0, 0, 1, 1));
}

TEST(PackingTest, MovesTheSmallestThatMakesRoom) {
  const PlacementSetup setup = Small();
  // Machine a lacks one core; parse frees two, and b has three.
  const PlacementPlan plan = Pack(FirstPlan(setup), {2, 5, 2, 1}, setup, {});
  EXPECT_THAT(plan.cores, ElementsAre(2, 5, 2, 1));
  EXPECT_THAT(plan.machines, ElementsAre(1, 0, 1, 1));
}

TEST(PackingTest, TakesGrowthBackWhereThereIsNoRoom) {
  const PlacementSetup setup = Small();
  const PlacementPlan plan = Pack(FirstPlan(setup), {6, 6, 6, 6}, setup, {});
  EXPECT_TRUE(Fits(plan, setup));
  for (size_t f = 0; f < 4; ++f) {
    EXPECT_GE(plan.cores[f], FirstPlan(setup).cores[f]);
  }
}

TEST(PackingTest, MemoryCountsToo) {
  ServersConfig servers = *SmallServers().datacentre->servers;
  servers.machines[1].memory =
      DataSize(4 * servers.functions[0].memory.value());
  const PlacementSetup setup = PlacementSetupOf(servers);
  PlacementPlan plan = FirstPlan(setup);
  EXPECT_TRUE(Fits(plan, setup));
  plan.cores[3] = 3;  // b: five instances, memory for four
  EXPECT_FALSE(Fits(plan, setup));
  EXPECT_TRUE(Fits(Pack(FirstPlan(setup), plan.cores, setup, {}), setup));
}

TEST(PackingTest, GivesUpAMachineOnlyIfAllItsFunctionsFit) {
  const PlacementSetup setup = Small();
  const PlacementPlan full = FirstPlan(setup);  // five and three cores of six
  EXPECT_TRUE(Consolidated(full, setup, {}) == full);
  const PlacementPlan small{{1, 2, 2, 1}, full.machines};
  const PlacementPlan one = Consolidated(small, setup, {});
  EXPECT_EQ(MachinesInUse(one, setup), 1);
  EXPECT_EQ(one.cores, small.cores);
}

TEST(PackingTest, TheLeastBadMachineWins) {
  ServersConfig servers = *SmallServers().datacentre->servers;
  servers.machines.push_back(servers.machines[1]);
  servers.machines[2].name = "c";
  servers.functions[3].machine = "c";
  const PlacementSetup setup = PlacementSetupOf(servers);
  const PackingRule c_is_better{
      [](const PlacementPlan&, int64_t machine) { return -1.0 * machine; }};
  EXPECT_EQ(Pack(FirstPlan(setup), {2, 5, 2, 1}, setup, {}).machines[0], 1);
  EXPECT_EQ(
      Pack(FirstPlan(setup), {2, 5, 2, 1}, setup, c_is_better).machines[0], 2);
}

// Whatever is wanted, the plan fits, and cores are those of the engine's rule.
TEST(PackingTest, AnyPlanFits) {
  const PlacementSetup setup = Small();
  RngStream rng = RngTree(5).Stream("test/packing", Replication(0));
  PlacementPlan plan = FirstPlan(setup);
  std::vector<Placement> placed = setup.placed;
  for (int i = 0; i < 2000; ++i) {
    std::vector<int64_t> wanted;
    for (size_t f = 0; f < setup.functions(); ++f) {
      wanted.push_back(static_cast<int64_t>(rng.UniformInt(8)));
    }
    plan = Pack(plan, wanted, setup, {});
    if (rng.Uniform() < 0.3) plan = Consolidated(plan, setup, {});
    ASSERT_TRUE(Fits(plan, setup));
    placed = PlacementsAfter(placed, plan);
    std::set<std::pair<int64_t, int64_t>> taken;
    for (size_t f = 0; f < setup.functions(); ++f) {
      ASSERT_EQ(placed[f].cores.size(), static_cast<size_t>(plan.cores[f]));
      for (const int64_t core : placed[f].cores) {
        ASSERT_LT(core, 6);
        ASSERT_TRUE(taken.insert({placed[f].machine, core}).second);
      }
    }
  }
}

TEST(PlacementSetupTest, SharedCoresAndRunToCompletionAreRefused) {
  ServersConfig servers = *SmallServers().datacentre->servers;
  servers.functions[0].shared_core = true;
  EXPECT_THROW(PlacementSetupOf(servers), InputError);
  servers.functions[0].shared_core = false;
  servers.chains[0].mode = "run-to-completion";
  EXPECT_THROW(PlacementSetupOf(servers), InputError);
}

}  // namespace
}  // namespace airlock
