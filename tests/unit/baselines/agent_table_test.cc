#include "agents/baselines/agent_table.h"

#include <gtest/gtest.h>

#include <cmath>

#include "agents/baselines/queue_target.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

TEST(AgentTableTest, EveryRowCreatesAController) {
  for (const AgentRow& row : Agents()) {
    EXPECT_NE(CreateAgent(row.name), nullptr) << row.name;
    EXPECT_NE(std::string(row.description), "") << row.name;
  }
}

TEST(AgentTableTest, AnUnknownAgentListsTheKnownOnes) {
  try {
    CreateAgent("statc");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_EQ(std::string(error.what()),
              "no such agent: 'statc'; known agents: static, queue-target");
  }
}

TEST(AgentTableTest, StaticChangesNothing) {
  Observation observation;
  observation.values["interface.leaf0-host0.queue_mean"] = 500;
  EXPECT_TRUE(CreateAgent("static")->Decide(observation).settings.empty());
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
