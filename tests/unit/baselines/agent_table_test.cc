#include "agents/baselines/agent_table.h"

#include <gtest/gtest.h>

#include <cmath>

#include "agents/baselines/queue_target.h"
#include "tests/support/error_of.h"

namespace airlock {
namespace {

std::unique_ptr<Controller> Create(const std::string& name) {
  Scenario scenario;
  scenario.datacentre.emplace();
  return CreateAgent(name, scenario, Replication(0));
}

TEST(AgentTableTest, EveryRowCreatesAController) {
  Scenario wlan;
  wlan.wlan.emplace();
  wlan.wlan->access_points.emplace_back();
  for (const AgentRow& row : Agents()) {
    EXPECT_NE(CreateAgent(row.name, wlan, Replication(0)), nullptr) << row.name;
    EXPECT_NE(row.description, "") << row.name;
  }
}

TEST(AgentTableTest, PlannersNeedAWlan) {
  EXPECT_EQ(testing::ErrorOf([] { Create("turboca"); }),
            "agent 'turboca' plans the channels of a WLAN, and this scenario "
            "has none");
}

TEST(AgentTableTest, AnUnknownAgentListsTheKnownOnes) {
  EXPECT_EQ(testing::ErrorOf([] { Create("statc"); }),
            "no such agent: 'statc'; known agents: static, queue-target, "
            "schedule, legacy-daily, daily-ai-7d, greedy, colouring, turboca, "
            "dynls, oracle");
}

TEST(AgentTableTest, StaticChangesNothing) {
  Observation observation;
  observation.values["interface.leaf0-host0.queue_mean"] = 500;
  EXPECT_TRUE(Create("static")->Decide(observation).settings.empty());
}

double ThresholdFor(QueueTargetController* controller, double queue) {
  Observation observation;
  observation.values["interface.leaf0-host0.queue_mean"] = queue;
  observation.values["interface.leaf0-host1.queue_mean"] = 0;
  return controller->Decide(observation).settings.at("ecn_threshold");
}

TEST(QueueTargetTest, LowersTheThresholdAboveTheTargetAndRaisesItBelow) {
  QueueTargetController controller(20, 64);
  EXPECT_EQ(ThresholdFor(&controller, 80), 32);  // sqrt(20 / 80)
  EXPECT_EQ(ThresholdFor(&controller, 20), 32);
  EXPECT_EQ(ThresholdFor(&controller, 5), 64);
  EXPECT_EQ(ThresholdFor(&controller, 0.001), 128);  // at most twice
}

TEST(QueueTargetTest, StaysInItsRangeAndIgnoresWhatIsMissing) {
  QueueTargetController controller(20, 3);
  EXPECT_EQ(ThresholdFor(&controller, 1e6), 2);
  Observation observation;
  EXPECT_TRUE(controller.Decide(observation).settings.empty());
  observation.values["interface.leaf0-host0.queue_mean"] = NAN;
  EXPECT_TRUE(controller.Decide(observation).settings.empty());
}

}  // namespace
}  // namespace airlock
