#include "agents/baselines/placement_controller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "agents/baselines/agent_table.h"
#include "agents/placement/placement_features.h"
#include "agents/policy/policy.h"
#include "agents/policy/policy_file.h"
#include "sim/base/file.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/placement/small_servers.h"

namespace airlock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

// What an engine would report of functions that are so busy, in cores.
Observation Seen(const std::map<std::string, double>& busy) {
  Observation seen;
  seen.time = Milliseconds(1000);
  for (const auto& [name, cores] : busy) {
    seen.values["function." + name + ".busy"] = cores;
    seen.values["function." + name + ".packets"] = 20000;
    seen.values["function." + name + ".ring_drops"] = 0;
  }
  for (const std::string chain : {"chain.one", "chain.two"}) {
    seen.values[chain + ".offered_packet_rate"] = 20000;
    seen.values[chain + ".delivered_packet_rate"] = 20000;
    seen.values[chain + ".latency_p99"] = 2e-4;
  }
  return seen;
}

// Busy between the thresholds: nothing to do.
std::map<std::string, double> Calm() {
  return {{"parse", 1.5}, {"filter", 2.2}, {"parse2", 1.5}, {"filter2", 0.75}};
}

std::unique_ptr<Controller> Autoscaler(const std::string& manager) {
  return CreateAgent("threshold-autoscaler", SmallServers(manager),
                     Replication(0));
}

double MetricOf(const Controller& controller, const std::string& name) {
  for (const Metric& metric : controller.Metrics()) {
    if (metric.name == name) return metric.value;
  }
  ADD_FAILURE() << "no metric " << name;
  return std::nan("");
}

TEST(PlacementControllerTest, SetsAndExplainsWhatChanges) {
  const auto agent = Autoscaler("{}");
  auto busy = Calm();
  busy["parse"] = 1.9;
  const Action action = agent->Decide(Seen(busy));
  EXPECT_THAT(action.settings, ElementsAre(Pair("function.parse.cores", 3)));
  const auto explained = agent->TakeSettings();
  ASSERT_EQ(explained.size(), 1u);
  EXPECT_EQ(explained[0].setting, "function.parse.cores");
  EXPECT_EQ(explained[0].before, 2);
  EXPECT_EQ(explained[0].after, 3);
  EXPECT_EQ(explained[0].decided_by, "agent");
  EXPECT_THAT(explained[0].reason, HasSubstr("95 % of 2 cores busy"));
  EXPECT_THAT(agent->TakeSettings(), IsEmpty());
}

TEST(PlacementControllerTest, WithoutAShieldItHoldsOnWhatItCannotBelieve) {
  const auto agent = Autoscaler("{}");
  Observation seen = Seen(Calm());
  seen.values["function.parse.busy"] = 1.9;
  seen.values.erase("function.filter2.busy");
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(agent->Decide(seen).settings, IsEmpty());
  }
  EXPECT_THAT(agent->TakeSettings()[0].reason, HasSubstr("holds: filter2"));
  EXPECT_EQ(MetricOf(*agent, "placement.fallback"), 0);
}

TEST(PlacementControllerTest, BehindAShieldTheAutoscalerDecidesByWhatIsKnown) {
  const auto agent = Autoscaler("{shield: {fallback_after: 2}}");
  Observation seen = Seen(Calm());
  seen.values["function.parse.busy"] = 1.9;
  seen.values["function.filter2.busy"] = std::nan("");
  EXPECT_THAT(agent->Decide(seen).settings, IsEmpty());
  EXPECT_THAT(agent->Decide(seen).settings,
              ElementsAre(Pair("function.parse.cores", 3)));
  EXPECT_EQ(MetricOf(*agent, "placement.fallback"), 1);
  const auto explained = agent->TakeSettings();
  EXPECT_EQ(explained.back().decided_by, "fallback");
  EXPECT_THAT(explained.back().reason, HasSubstr("filter2"));
  // All is missing: nothing is known, nothing changes.
  EXPECT_THAT(agent->Decide(Observation{}).settings, IsEmpty());
  EXPECT_EQ(MetricOf(*agent, "placement.unsafe"), 0);
}

TEST(PlacementControllerTest, AgentsWantServersAndPolicies) {
  Scenario scenario = SmallServers();
  EXPECT_THROW(CreateAgent("placement-policy", scenario, Replication(0)),
               PolicyError);
  scenario.controller.policy = "anything.json";
  EXPECT_THROW(CreateAgent("first-fit", scenario, Replication(0)), PolicyError);
  scenario = SmallServers();
  scenario.datacentre->servers.reset();
  EXPECT_THROW(CreateAgent("first-fit", scenario, Replication(0)), InputError);
}

// A policy of as many inputs and choices as the scenario asks for, whose first
// head always wants more.
Policy Wanting(const EnvSpec& spec) {
  const auto inputs = static_cast<int64_t>(spec.observation.size());
  MlpLayer layer;
  layer.inputs = inputs;
  layer.outputs = spec.action.all_choices();
  layer.weights.assign(static_cast<size_t>(layer.inputs * layer.outputs), 0);
  layer.bias.assign(static_cast<size_t>(layer.outputs), 0);
  for (size_t head = 0; head < 4; ++head) {
    layer.bias[3 * head + (head == 0 ? 2 : 1)] = 1;
  }
  return Policy({spec,
                 Normaliser::Identity(inputs),
                 ActionDistribution::kCategorical,
                 {},
                 Mlp({layer})});
}

TEST(PlacementControllerTest, APolicyRunsOnTheServersItIsFor) {
  Scenario scenario = SmallServers();
  const PlacementSetup setup = PlacementSetupOf(*scenario.datacentre->servers);
  const auto forecast =
      std::make_shared<LoadForecast>(setup.servers, Milliseconds(1000), 40);
  const PlacementFeatures features(setup, forecast);
  const testing::TemporaryFolder folder;
  scenario.controller.policy = folder / "policy.json";
  WriteFileAtomically(scenario.controller.policy,
                      Wanting(features.spec()).ToJson().dump());
  const auto agent = CreateAgent("placement-policy", scenario, Replication(0));
  EXPECT_THAT(agent->Decide(Seen(Calm())).settings,
              ElementsAre(Pair("function.parse.cores", 3)));

  Scenario other = scenario;
  other.datacentre->servers->functions[0].name = "lex";
  other.datacentre->servers->chains[0].path[0] = "lex";
  EXPECT_THROW(CreateAgent("placement-policy", other, Replication(0)),
               PolicyError);
}

}  // namespace
}  // namespace airlock
