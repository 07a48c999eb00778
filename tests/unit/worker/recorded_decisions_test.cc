#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/surrogate/surrogate_scene.h"
#include "tests/support/reference_wlan.h"
#include "twin/worker/control.h"
#include "twin/worker/protocol.h"

// What a run's record says of decisions that did not come to pass.
namespace airlock {
namespace {

using ::testing::HasSubstr;

// Three decisions of `agent` on the airtime model, with what disturbs it.
std::vector<ExplainedDecision> Decisions(const ControllerCall& call) {
  Scenario scenario = testing::ReferenceWlan();
  scenario.wlan->generated->access_points = 6;
  scenario.wlan->generated->neighbours = 4;
  scenario.wlan->region = "EU";
  Diagnostics diagnostics;
  const auto resolved = Resolve(scenario, &diagnostics);
  EXPECT_TRUE(resolved) << diagnostics.Format();
  const auto scene = CreateSurrogateScene(*resolved);
  scene->Settle();
  scene->Start(Replication(0));
  RecordedControl control(call, resolved->scenario(), Replication(0));
  std::vector<ExplainedDecision> decisions;
  for (int i = 1; i <= 3; ++i) {
    scene->AdvanceTo(SimTime(i * scenario.controller.interval.value()));
    control.Step(scene.get());
    for (ExplainedDecision& one : control.TakeDecisions()) {
      decisions.push_back(std::move(one));
    }
  }
  return decisions;
}

TEST(RecordedDecisions, ThoseOfAnAgentAreExplained) {
  ControllerCall call;
  call.agent = "turboca";
  const auto decisions = Decisions(call);
  ASSERT_GT(decisions.size(), 3u);
  int moves = 0;
  for (const ExplainedDecision& one : decisions) moves += one.moves();
  EXPECT_GT(moves, 0);
  EXPECT_EQ(decisions[0].time_seconds, 600);
  EXPECT_EQ(decisions.back().time_seconds, 1800);
}

TEST(RecordedDecisions, WhatDoesNotArriveIsTakenBack) {
  ControllerCall call;
  call.agent = "turboca";
  call.disturbance.action_failure = 1;
  int lost = 0;
  for (const ExplainedDecision& one : Decisions(call)) {
    EXPECT_FALSE(one.moves());
    if (one.access_point.empty()) continue;
    ++lost;
    EXPECT_EQ(one.decided_by, "nobody");
    EXPECT_THAT(one.reason, HasSubstr("did not arrive: channel "));
    EXPECT_EQ(one.utilisation_after, one.utilisation_before);
  }
  EXPECT_GT(lost, 0);
}

TEST(RecordedDecisions, ComeThroughTheProtocolBitByBit) {
  ControllerCall call;
  call.agent = "turboca";
  ReplicationRecord record;
  record.decisions = Decisions(call);
  const ReplicationRecord back = ReplicationRecordFromJson(
      nlohmann::json::from_cbor(nlohmann::json::to_cbor(ToJson(record))));
  ASSERT_EQ(back.decisions.size(), record.decisions.size());
  for (size_t i = 0; i < back.decisions.size(); ++i) {
    EXPECT_EQ(DecisionCells(back.decisions[i]),
              DecisionCells(record.decisions[i]));
  }
}

}  // namespace
}  // namespace airlock
