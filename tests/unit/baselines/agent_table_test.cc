#include "agents/baselines/agent_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "agents/baselines/balancer_controller.h"
#include "agents/baselines/placement_controller.h"
#include "agents/baselines/planners/planners.h"
#include "agents/baselines/queue_target.h"
#include "sim/base/file.h"
#include "sim/telemetry/wlan_columns.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_folder.h"

namespace airlock {
namespace {

constexpr char kPolicy[] =
    AIRLOCK_SOURCE_DIR "/agents/policies/net2seq-20.json";

constexpr char kBalancerPolicy[] =
    AIRLOCK_SOURCE_DIR "/agents/policies/load-balancer.json";

std::unique_ptr<Controller> Create(const std::string& name) {
  Scenario scenario;
  scenario.datacentre.emplace();
  return CreateAgent(name, scenario, Replication(0));
}

// The pool of the shipped policy.
Scenario Pool() {
  Scenario pool;
  BalancerConfig& balancer = pool.datacentre.emplace().balancer.emplace();
  for (const std::string name : {"a", "b", "c", "d"}) {
    balancer.servers.push_back({name, 1, 1, 1, {}});
  }
  return pool;
}

TEST(AgentTableTest, EveryRowCreatesAController) {
  Scenario wlan;
  wlan.wlan.emplace();
  wlan.wlan->access_points.emplace_back();
  for (const AgentRow& row : Agents()) {
    SCOPED_TRACE(row.name);
    EXPECT_NE(row.description, "");
    if (IsPlacementAgent(row.name)) continue;  // needs chains
    Scenario scenario = IsBalancer(row.name) ? Pool() : wlan;
    if (IsTrainedPlanner(row.name)) scenario.controller.policy = kPolicy;
    if (row.name == kLoadBalancer) scenario.controller.policy = kBalancerPolicy;
    EXPECT_NE(CreateAgent(row.name, scenario, Replication(0)), nullptr);
  }
}

TEST(AgentTableTest, BalancersNeedAPool) {
  EXPECT_EQ(testing::ErrorOf([] { Create("lsq"); }),
            "agent 'lsq' sets the weights of a server pool, and this scenario "
            "has none (datacentre.balancer)");
  Scenario pool = Pool();
  pool.controller.policy = kBalancerPolicy;
  EXPECT_THAT(
      testing::ErrorOf([&] { CreateAgent("lsq", pool, Replication(0)); }),
      ::testing::HasSubstr("is not trained and takes no policy"));
  pool.datacentre->balancer->servers.pop_back();
  EXPECT_THAT(testing::ErrorOf(
                  [&] { CreateAgent(kLoadBalancer, pool, Replication(0)); }),
              ::testing::HasSubstr("that sets server.a.weight, server.b.weight, "
                                 "server.c.weight, server.d.weight; here"));
}

TEST(AgentTableTest, PlannersNeedAWlan) {
  EXPECT_EQ(testing::ErrorOf([] { Create("turboca"); }),
            "agent 'turboca' plans the channels of a WLAN, and this scenario "
            "has none");
}

// Two access points of 2.4 GHz on one channel, two of 5 GHz at 80 MHz on
// another, one of which cannot do more than 40 MHz; all hear each other.
Scenario BothBands() {
  Scenario scenario;
  scenario.wlan.emplace();
  scenario.wlan->region = "US";
  scenario.wlan->dfs = false;
  scenario.wlan->max_width = Frequency(80e6);
  const auto add = [&](const char* name, int channel, const char* standard) {
    AccessPointConfig ap;
    ap.name = name;
    ap.channel = channel;
    ap.standard = standard;
    scenario.wlan->access_points.push_back(ap);
  };
  add("low1", 1, "802.11n");
  add("high1", 36, "802.11ax");
  add("low2", 1, "802.11n");
  add("high2", 36, "802.11n");
  return scenario;
}

Observation OfBothBands() {
  Observation observation;
  const Scenario scenario = BothBands();
  const auto& all = scenario.wlan->access_points;
  for (const AccessPointConfig& ap : all) {
    observation.values[ApColumnName(ap.name, kApChannel)] = ap.channel;
    observation.values[ApColumnName(ap.name, kApWidth)] = 20e6;
    observation.values[ApColumnName(ap.name, kApLoad)] = 0.9;
    for (const AccessPointConfig& other : all) {
      if (other.name == ap.name) continue;
      observation.values[ApRssiColumnName(ap.name, other.name)] = -50;
    }
  }
  return observation;
}

double MetricOf(const Controller& controller, const std::string& name) {
  for (const Metric& metric : controller.Metrics()) {
    if (metric.name == name) return metric.value;
  }
  ADD_FAILURE() << name;
  return -1;
}

TEST(AgentTableTest, EachBandIsPlannedByItself) {
  for (const char* agent : {"colouring", "greedy", "turboca", "dynls"}) {
    SCOPED_TRACE(agent);
    const auto controller = CreateAgent(agent, BothBands(), Replication(0));
    Observation observation = OfBothBands();
    for (const auto& [name, value] : controller->Decide(observation).settings) {
      observation.values["ap." + name] = value;
    }
    const auto number = [&](const char* ap, const WlanMetric& metric) {
      return observation.values.at(ApColumnName(ap, metric));
    };
    EXPECT_GE(std::abs(number("low1", kApChannel) - number("low2", kApChannel)),
              4);
    EXPECT_LE(number("low1", kApChannel), 11);
    EXPECT_LE(number("low2", kApChannel), 11);
    EXPECT_EQ(number("low1", kApWidth), 20e6);
    EXPECT_GE(number("high1", kApChannel), 36);
    EXPECT_GE(number("high2", kApChannel), 36);
    EXPECT_EQ(number("high1", kApWidth), 80e6);
    EXPECT_EQ(number("high2", kApWidth), 40e6);
    EXPECT_EQ(MetricOf(*controller, "controller.narrowed_widths"), 1);
    EXPECT_EQ(MetricOf(*controller, "controller.unheard_pairs"), 0);
    EXPECT_EQ(MetricOf(*controller, "controller.unreadable_plans"), 0);
  }
}

TEST(AgentTableTest, WhatAPlannerCannotPlanShowsBeforeAnythingRuns) {
  Scenario scenario = BothBands();
  AccessPointConfig& low = scenario.wlan->access_points[2];
  low.channel = 3;
  low.width = Frequency(40e6);
  EXPECT_EQ(testing::ErrorOf(
                [&] { CreateAgent("turboca", scenario, Replication(0)); })
                .find("agent 'turboca' cannot plan access point low2: a width "
                      "of 40000000 Hz is not allowed here"),
            0u);
  EXPECT_NE(CreateAgent("static", scenario, Replication(0)), nullptr);
}

TEST(AgentTableTest, AnUnknownAgentListsTheKnownOnes) {
  EXPECT_EQ(testing::ErrorOf([] { Create("statc"); }),
            "no such agent: 'statc'; known agents: static, queue-target, "
            "schedule, ecmp, wcmp, lsq, true-capacity, load-balancer, "
            "threshold-autoscaler, first-fit, contention-aware, "
            "placement-policy, legacy-daily, daily-ai-7d, greedy, colouring, "
            "turboca, "
            "dynls, oracle, net2seq");
}

Scenario WithPolicy(const std::string& agent, const std::string& policy) {
  Scenario scenario = BothBands();
  scenario.controller.agent = agent;
  scenario.controller.policy = policy;
  return scenario;
}

std::string PolicyErrorOf(const Scenario& scenario) {
  try {
    CreateAgent(scenario.controller.agent, scenario, Replication(0));
  } catch (const PolicyError& error) {
    return error.what();
  }
  return "";
}

TEST(AgentTableTest, ATrainedAgentNeedsAPolicyAndNobodyElseTakesOne) {
  EXPECT_EQ(PolicyErrorOf(WithPolicy("net2seq", "")),
            "agent 'net2seq' needs a trained policy: name its file");
  for (const char* agent : {"static", "turboca", "queue-target"}) {
    EXPECT_EQ(
        PolicyErrorOf(WithPolicy(agent, kPolicy)),
        fmt::format("agent '{}' is not trained and takes no policy", agent));
  }
}

TEST(AgentTableTest, ADamagedPolicyIsNamedWithItsCause) {
  const testing::TemporaryFolder folder;
  const std::string path = folder / "policy.json";
  auto policy = nlohmann::json::parse(ReadFile(kPolicy));
  std::string weights = policy.at("weights");
  weights[100] = weights[100] == 'A' ? 'B' : 'A';
  policy["weights"] = weights;
  WriteFileAtomically(path, policy.dump());
  EXPECT_EQ(PolicyErrorOf(WithPolicy("net2seq", path)),
            path + ": weights differ from their sha256");
  WriteFileAtomically(path, "{");
  EXPECT_THAT(PolicyErrorOf(WithPolicy("net2seq", path)),
              ::testing::StartsWith(path + ": "));
  EXPECT_THAT(PolicyErrorOf(WithPolicy("net2seq", folder / "none.json")),
              ::testing::HasSubstr("none.json"));
  EXPECT_NE(PolicyErrorOf(WithPolicy("net2seq", folder.path())), "");
}

TEST(AgentTableTest, APolicyOfFewerBondingLevelsIsRefused) {
  EXPECT_EQ(PolicyErrorOf(WithPolicy("net2seq", kPolicy)),
            "the net2seq policy was trained for 1 bonding levels; the network "
            "may bond at 3 (wlan.max_width)");
}

TEST(AgentTableTest, ATrainedPlannerIsNoFallback) {
  Scenario scenario = BothBands();
  scenario.controller.fallback.emplace();
  scenario.controller.fallback->planner = "net2seq";
  EXPECT_EQ(testing::ErrorOf(
                [&] { CreateAgent("turboca", scenario, Replication(0)); }),
            "controller.fallback: planner 'net2seq' is a trained one, and what "
            "it falls back on must not be");
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
