#include "agents/learn/placement_task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/base/file.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/training_order.h"

namespace airlock {
namespace {

using ::testing::HasSubstr;

constexpr char kAgent[] = "schema: 1\nalgorithm: ppo\ntask: placement\n";

// Everything that is said of the task in this scenario; nothing: it is good.
std::string Said(const std::string& scenario,
                 const std::vector<std::string>& overrides) {
  const testing::TemporaryFolder folder;
  TrainingOrder order = testing::PresetOrder(scenario, "", {});
  order.agent = folder / "agent.yaml";
  order.scenario_overrides = overrides;
  WriteFileAtomically(order.agent, kAgent);
  Diagnostics diagnostics;
  const auto subject = LoadTrainingSubject(order, &diagnostics);
  EXPECT_EQ(subject.has_value(), !diagnostics.has_errors());
  return diagnostics.Format();
}

TEST(PlacementTaskTest, IsLearntWhereFunctionsHaveCores) {
  EXPECT_EQ(Said("datacentre/placement.yaml", {}), "");
  EXPECT_THAT(Said("wlan/quickstart.yaml", {}),
              HasSubstr("wlan: placement is learnt on servers"));
  EXPECT_THAT(Said("datacentre/quickstart.yaml", {}),
              HasSubstr("datacentre: placement is learnt on servers"));
}

TEST(PlacementTaskTest, WhatAScenarioHasNotIsSaidThere) {
  const std::string scenario = "datacentre/placement.yaml";
  const std::string chains =
      "datacentre.servers.chains=[{name: web, path: [firewall, cache]";
  EXPECT_THAT(Said(scenario, {chains + "}]"}),
              HasSubstr("placement wants chains with agreements"));
  EXPECT_THAT(Said(scenario, {chains + ", mode: run-to-completion, agreement: "
                                       "{}}]"}),
              HasSubstr("run-to-completion"));
}

}  // namespace
}  // namespace airlock
