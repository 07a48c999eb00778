#include <gmock/gmock.h>

#include <map>

#include "agents/baselines/agent_table.h"
#include "agents/baselines/planner_scenario.h"
#include "sim/telemetry/wlan_columns.h"
#include "tests/support/error_of.h"
#include "tests/support/reference_wlan.h"

namespace airlock {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;

// Two access points that hear each other, in the EU with its radar channels.
Scenario Two() {
  Scenario scenario = testing::ReferenceWlan();
  scenario.wlan->generated.reset();
  scenario.wlan->region = "EU";
  scenario.wlan->dfs = true;
  for (const char* name : {"east", "west"}) {
    AccessPointConfig ap;
    ap.name = name;
    ap.channel = 52;
    scenario.wlan->access_points.push_back(ap);
  }
  scenario.controller.shield.emplace();
  return scenario;
}

Observation Seen(double seconds) {
  Observation observation;
  observation.time = Milliseconds(static_cast<int64_t>(1000 * seconds));
  for (const char* name : {"east", "west"}) {
    observation.values[ApColumnName(name, kApChannel)] = 52;
    observation.values[ApColumnName(name, kApWidth)] = 20e6;
    observation.values[ApColumnName(name, kApLoad)] = 0.9;
  }
  observation.values[ApRssiColumnName("east", "west")] = -60;
  observation.values[ApRssiColumnName("west", "east")] = -60;
  return observation;
}

std::map<std::string, double> MetricsOf(const Controller& controller) {
  std::map<std::string, double> metrics;
  for (const Metric& metric : controller.Metrics()) {
    metrics[metric.name] = metric.value;
  }
  return metrics;
}

TEST(ShieldedAgentTest, AScenariosShieldStandsBeforeItsPlanner) {
  Scenario scenario = Two();
  scenario.controller.shield->radars = {{Milliseconds(1200 * 1000), 52}};
  scenario.controller.shield->changes_per_hour = 1;
  const auto turboca = CreateAgent("turboca", scenario, Replication(0));
  // One change an hour: of the two that share a channel one moves away.
  EXPECT_EQ(turboca->Decide(Seen(600)).settings.size(), 2u);
  // Then a radar: both have to go, whatever else.
  const Action away = turboca->Decide(Seen(1200));
  EXPECT_EQ(away.settings.size(), 4u);
  for (const char* name : {"east", "west"}) {
    EXPECT_NE(away.settings.at(ChannelSettingName(name)), 52);
  }
  const auto metrics = MetricsOf(*turboca);
  EXPECT_EQ(metrics.at("shield.plans"), 2);
  EXPECT_EQ(metrics.at("shield.unsafe_plans"), 0);
  EXPECT_EQ(metrics.count("controller.unheard_pairs"), 1u);
}

TEST(ShieldedAgentTest, WhoNeverChangesLeavesARadarsChannelToo) {
  Scenario scenario = Two();
  scenario.controller.shield->radars = {{Milliseconds(1200 * 1000), 52}};
  const auto agent = CreateAgent("static", scenario, Replication(0));
  EXPECT_TRUE(agent->Decide(Seen(600)).settings.empty());
  EXPECT_EQ(agent->Decide(Seen(1200)).settings.size(), 4u);
  EXPECT_EQ(MetricsOf(*agent).at("shield.rescued"), 2);
}

TEST(ShieldedAgentTest, AgentsThatPlanNothingHaveNoShield) {
  Scenario scenario = Two();
  EXPECT_EQ(ErrorOf([&] { CreateAgent("schedule", scenario, Replication(0)); }),
            "controller.shield guards channel planners, and agent 'schedule' "
            "is none");
}

TEST(ShieldedAgentTest, LimitsAreTheScenarios) {
  Scenario scenario = Two();
  ShieldConfig& shield = *scenario.controller.shield;
  shield.dwell = Milliseconds(900 * 1000);
  shield.changes_per_hour = 7;
  shield.served_floor = Ratio(0.4);
  shield.radars = {{Milliseconds(1000), 100}};
  const ShieldLimits limits =
      ShieldLimitsOf(scenario, {{"east", 3}, {"west", 0}}, {"west", "east"});
  EXPECT_EQ(limits.dwell_seconds, 900);
  EXPECT_EQ(limits.changes_an_hour, 7);
  EXPECT_EQ(limits.served_floor, 0.4);
  EXPECT_EQ(limits.non_occupancy_seconds, 1800);
  EXPECT_EQ(limits.radars.at(0).channel, 100);
  EXPECT_EQ(limits.most_bonding, (std::vector<int>{0, 3}));
}

}  // namespace
}  // namespace airlock
