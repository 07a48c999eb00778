#include <gtest/gtest.h>

#include "agents/baselines/planner_comparison.h"
#include "tests/support/reference_wlan.h"

// The order of the planners on the reference's whole set: 16 networks of 49
// access points, 144 slots of which 25 are dropped. The benchmark planner_table
// prints the rest of the table.
namespace airlock {
namespace {

struct Case {
  const char* name;
  const char* loads;
  double max_width_hz;
};

class PlannerOrderTest : public ::testing::TestWithParam<Case> {};

void ExpectOrder(const PlannerScore& better, const PlannerScore& worse) {
  const Interval difference = RelativeDifference(better.regret, worse.regret);
  EXPECT_LT(difference.high, 0)
      << better.planner << " against " << worse.planner << ": "
      << difference.estimate << " from " << difference.low;
}

TEST_P(PlannerOrderTest, OracleDynLsTurboCaStatic) {
  PlannerCase setting;
  setting.scenario = testing::ReferenceWlan();
  setting.scenario.wlan->load.profile = GetParam().loads;
  setting.scenario.wlan->max_width = Frequency(GetParam().max_width_hz);
  const PlannerScore oracle = ScorePlanner("oracle", setting);
  const PlannerScore dynls = ScorePlanner("dynls", setting);
  const PlannerScore turboca = ScorePlanner("turboca", setting);
  ExpectOrder(oracle, dynls);
  ExpectOrder(dynls, turboca);
  ExpectOrder(turboca, ScorePlanner("static", setting));
  setting.known_loads = true;
  const PlannerScore known = ScorePlanner("dynls", setting);
  EXPECT_LT(RelativeDifference(known.regret, oracle.regret).high, 0.01);
}

INSTANTIATE_TEST_SUITE_P(Cases, PlannerOrderTest,
                         ::testing::Values(Case{"volatile", "volatile", 20e6},
                                           Case{"bonding", "volatile", 40e6},
                                           Case{"flash", "flash-crowd", 20e6}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace airlock
