#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agents/baselines/agent_table.h"
#include "agents/baselines/planner_comparison.h"
#include "sim/scenario/resolve.h"
#include "sim/surrogate/surrogate_scene.h"
#include "tests/support/error_of.h"
#include "tests/support/reference_wlan.h"

// What tests/slow/planners shows on the reference's whole set, in a few of its
// hours.
namespace airlock {
namespace {

using testing::ErrorOf;
using testing::ReferenceWlan;

PlannerCase CaseOf(const char* loads, int64_t networks, int64_t slots) {
  PlannerCase setting;
  setting.scenario = ReferenceWlan();
  setting.scenario.run.replications = networks;
  setting.scenario.wlan->load.profile = loads;
  setting.scenario.wlan->airtime.dropped_slots = 3;
  setting.slots = slots;
  return setting;
}

// `oracle` is slow: smaller networks.
PlannerCase SmallCase(const char* loads) {
  PlannerCase setting = CaseOf(loads, 10, 15);
  setting.scenario.wlan->generated->access_points = 15;
  setting.scenario.wlan->generated->neighbours = 9;
  return setting;
}

// `better` has the lower regret: the whole interval of the paired difference is
// below 0.
void ExpectOrder(const PlannerScore& better, const PlannerScore& worse) {
  const Interval difference = RelativeDifference(better.regret, worse.regret);
  EXPECT_LT(difference.high, 0)
      << better.planner << " against " << worse.planner << ": "
      << difference.estimate << " from " << difference.low;
}

TEST(PlannerOrderTest, DynLsTurboCaStatic) {
  for (const char* loads : {"volatile", "flash-crowd"}) {
    SCOPED_TRACE(loads);
    const PlannerCase setting = CaseOf(loads, 8, 20);
    const PlannerScore turboca = ScorePlanner("turboca", setting);
    ExpectOrder(ScorePlanner("dynls", setting), turboca);
    ExpectOrder(turboca, ScorePlanner("static", setting));
  }
}

TEST(PlannerOrderTest, OracleDynLs) {
  for (const char* loads : {"volatile", "flash-crowd"}) {
    SCOPED_TRACE(loads);
    const PlannerCase setting = SmallCase(loads);
    ExpectOrder(ScorePlanner("oracle", setting),
                ScorePlanner("dynls", setting));
  }
}

TEST(PlannerOrderTest, DynLsIsWithinOnePercentOfOracleWhereLoadsAreKnown) {
  PlannerCase setting = SmallCase("volatile");
  setting.known_loads = true;
  const Interval gap =
      RelativeDifference(ScorePlanner("dynls", setting).regret,
                         ScorePlanner("oracle", setting).regret);
  EXPECT_LT(gap.high, 0.01) << gap.estimate;
}

double MetricOf(const ReplicationRecord& record, const std::string& name) {
  for (const Metric& metric : record.metrics) {
    if (metric.name == name) return metric.value;
  }
  ADD_FAILURE() << name;
  return 0;
}

// The planner as the agent of the same scenario on the surrogate engine.
ReplicationRecord RunAsAgent(const std::string& planner,
                             const Scenario& scenario, Replication number) {
  Diagnostics diagnostics;
  const auto resolved = Resolve(scenario, &diagnostics);
  EXPECT_TRUE(resolved) << diagnostics.Format();
  auto controller = CreateAgent(planner, resolved->scenario(), number);
  auto scene = CreateSurrogateScene(*resolved);
  scene->Settle();
  scene->Start(number);
  while (scene->Now() < scenario.run.duration) {
    scene->AdvanceTo(scene->Now() + scenario.controller.interval);
    if (scene->Now() < scenario.run.duration) {
      scene->Apply(controller->Decide(scene->Observe()));
    }
  }
  ReplicationRecord record = scene->Finish();
  for (const Metric& metric : controller->Metrics()) {
    record.metrics.push_back(metric);
  }
  return record;
}

// Counters and settings, engine and adapter between planner and model change
// nothing: the same regret to rounding.
TEST(PlannerAgentTest, AnAgentsRunIsTheComparisonsReplication) {
  const std::vector<std::pair<std::string, int64_t>> planners = {
      {"static", 15},
      {"greedy", 15},
      {"colouring", 15},
      {"turboca", 15},
      {"dynls", 15},
      {"oracle", 15},
      // Plan at 03:00, the slot 18.
      {"legacy-daily", 24},
      {"daily-ai-7d", 24}};
  for (const char* width : {"20", "40"}) {
    for (const auto& [planner, slots] : planners) {
      SCOPED_TRACE(planner + " " + width);
      PlannerCase setting = SmallCase("volatile");
      setting.slots = slots;
      setting.scenario.run.replications = 2;
      setting.scenario.run.duration =
          setting.scenario.controller.interval * slots;
      if (std::string(width) == "40") {
        setting.scenario.wlan->max_width = Frequency(40e6);
      }
      const PlannerScore score = ScorePlanner(planner, setting);
      for (int64_t r = 0; r < 2; ++r) {
        const ReplicationRecord record =
            RunAsAgent(planner, setting.scenario, Replication(r));
        EXPECT_NEAR(MetricOf(record, "regret"), score.regret[r], 1e-6) << r;
        EXPECT_NEAR(MetricOf(record, "regret_change"), score.change[r], 1e-9)
            << r;
        if (slots > 15) {
          EXPECT_GT(score.change[r], 0) << "did not plan";
        }
      }
    }
  }
}

TEST(PlannerComparisonTest, WrongInput) {
  PlannerCase setting = SmallCase("volatile");
  setting.slots = 3;
  EXPECT_EQ(ErrorOf([&] { ScorePlanner("dynls", setting); }),
            "3 slots of which the first 3 are dropped: none is left to count");
  setting = SmallCase("volatile");
  setting.scenario.controller.interval = Milliseconds(300 * 1000);
  EXPECT_EQ(ErrorOf([&] { ScorePlanner("dynls", setting); }),
            "controller.interval is 300 s and wlan.load.slot 600 s; planners "
            "are compared with one decision a slot");
  setting.scenario.wlan.reset();
  EXPECT_EQ(ErrorOf([&] { ScorePlanner("dynls", setting); }),
            "planners are compared on a WLAN; this scenario has none");
  EXPECT_NE(
      ErrorOf([&] { ScorePlanner("dyn", setting); }).find("known planners"),
      std::string::npos);
}

}  // namespace
}  // namespace airlock
