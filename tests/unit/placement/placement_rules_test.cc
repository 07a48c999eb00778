#include "agents/placement/placement_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agents/placement/load_forecast.h"
#include "tests/unit/placement/small_servers.h"

namespace airlock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RulesTest : public ::testing::Test {
 protected:
  RulesTest()
      : setup_(PlacementSetupOf(
            *SmallServers("{patience: 2}").datacentre->servers)) {}

  PlacementView View(const std::vector<double>& busy) const {
    PlacementView view;
    for (const double one : busy) view.functions.push_back({one, 1000});
    view.chains = {{1000, 1000, 1e-4}, {1000, 1000, 1e-4}};
    return view;
  }
  PlacementPlan Decide(PlacementManager* manager, const PlacementView& view,
                       const PlacementPlan& present) const {
    return manager->Decide(view, present,
                           PlacementsAfter(setup_.placed, present));
  }

  const PlacementSetup setup_;
};

TEST_F(RulesTest, TheAutoscalerScalesOutAtOnceAndInWithPatience) {
  const auto manager =
      FindPlacementManager(kThresholdAutoscaler)->create(setup_);
  PlacementPlan plan = FirstPlan(setup_);  // 2, 3, 2, 1
  // 1.7 busy cores want three at .8; 1.2 of three fit in two below .7.
  const PlacementView view = View({0.85, 0.4, 0.75, 0.5});
  plan = Decide(manager.get(), view, plan);
  EXPECT_THAT(plan.cores, ElementsAre(3, 3, 2, 1));
  plan = Decide(manager.get(), View({0.57, 0.4, 0.75, 0.5}), plan);
  EXPECT_THAT(plan.cores, ElementsAre(3, 2, 2, 1));
}

TEST_F(RulesTest, TheAutoscalerLeavesWhatIsBetweenTheThresholds) {
  const auto manager =
      FindPlacementManager(kThresholdAutoscaler)->create(setup_);
  const PlacementPlan present = FirstPlan(setup_);
  for (int i = 0; i < 5; ++i) {
    const PlacementPlan plan =
        Decide(manager.get(), View({0.5, 0.6, 0.5, 0.8}), present);
    EXPECT_EQ(plan.cores, present.cores);
  }
}

// First fit does not know that functions slow each other down.
TEST_F(RulesTest, ContentionAwareWantsNoFewerCoresThanFirstFit) {
  PlacementView view = View({0.5, 0.5, 0.5, 0.5});
  for (ChainView& chain : view.chains) chain.offered = 40000;
  for (FunctionView& f : view.functions) f.packets_per_second = 40000;
  const PlacementPlan present = FirstPlan(setup_);
  const auto first_fit = FindPlacementManager("first-fit")->create(setup_);
  const auto aware = FindPlacementManager("contention-aware")->create(setup_);
  const PlacementPlan naive = Decide(first_fit.get(), view, present);
  const PlacementPlan known = Decide(aware.get(), view, present);
  EXPECT_GT(CoresInUse(known), CoresInUse(naive));
  const auto worst = [&](const PlacementPlan& plan) {
    const SteadyState state = setup_.model->Solve(
        PlacementsAfter(setup_.placed, plan), {40000, 40000});
    double busiest = 0;
    for (const SteadyFunction& f : state.functions) {
      busiest = std::max(busiest, f.busy);
    }
    return busiest;
  };
  EXPECT_LE(worst(known), 0.82);
  EXPECT_GT(worst(naive), worst(known));
}

TEST_F(RulesTest, DoubtNamesWhatCannotBe) {
  PlacementView view = View({0.5, 0.5, 0.5, 0.5});
  EXPECT_EQ(DoubtOf(view, setup_), "");
  view.functions[2].busy = std::nan("");
  EXPECT_THAT(DoubtOf(view, setup_), HasSubstr("parse2"));
  view = View({0.5, 0, 0.5, 0.5});
  EXPECT_THAT(DoubtOf(view, setup_), HasSubstr("filter is idle"));
  view = View({0.5, 0.5, 0.5, 3});
  EXPECT_THAT(DoubtOf(view, setup_), HasSubstr("filter2"));
  view = View({0.5, 0.5, 0.5, 0.5});
  view.chains[1].offered = -1;
  EXPECT_THAT(DoubtOf(view, setup_), HasSubstr("chain two"));
  EXPECT_NE(DoubtOf(PlacementViewOf({}, setup_, FirstPlan(setup_)), setup_),
            "");
}

// A load with hours is foreseen, a random walk is not: its forecast is not
// admitted.
TEST(LoadForecastTest, IsAdmittedOnlyWhereItBeatsPersistence) {
  const ServersConfig servers = *SmallServers().datacentre->servers;
  const LoadForecast forecast(servers, Milliseconds(1000), 80);
  ASSERT_EQ(forecast.trials().size(), 2u);
  EXPECT_TRUE(forecast.trials()[0].admitted());
  EXPECT_LT(forecast.trials()[0].error, 0.8 * forecast.trials()[0].persistence);

  ServersConfig walk = servers;
  walk.chains[0].load.kind = "random-walk";
  walk.chains[0].load.period = Milliseconds(1000);  // a step an interval
  const LoadForecast none(walk, Milliseconds(1000), 80);
  EXPECT_GT(none.trials()[0].error, 0.9 * none.trials()[0].persistence);
}

TEST(LoadForecastTest, ATraceIsOneCourse) {
  ServersConfig servers = *SmallServers().datacentre->servers;
  servers.chains[1].load.kind = "trace";
  EXPECT_THROW(LoadForecast(servers, Milliseconds(1000), 80), InputError);
}

}  // namespace
}  // namespace airlock
