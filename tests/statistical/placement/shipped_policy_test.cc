#include <gtest/gtest.h>

#include <deque>
#include <string>

#include "agents/baselines/agent_table.h"
#include "agents/placement/placement_env.h"
#include "sim/base/error.h"
#include "sim/scenario/resolve.h"

// The shipped manager against the ones that nobody trained, on the model that
// it learnt on, on days that it did not see. The engine's word is that of
// tests/slow/gate.
namespace airlock {
namespace {

// Means over intervals.
struct Outcome {
  double violations = 0;  // share of the chains
  double machines = 0;
};

Scenario Shipped() {
  Diagnostics diagnostics;
  const auto scenario =
      LoadScenario(AIRLOCK_SOURCE_DIR "/scenarios/datacentre/placement.yaml",
                   {}, &diagnostics);
  AIRLOCK_CHECK(scenario.has_value(), "{}", diagnostics.Format());
  return scenario->scenario();
}

// What the engine would show of the model's last interval.
Observation Shown(const PlacementEnv& env) {
  Observation shown;
  const ServersConfig& servers = env.setup().servers;
  for (size_t f = 0; f < servers.functions.size(); ++f) {
    const std::string scope = "function." + servers.functions[f].name;
    const FunctionView& view = env.view().functions[f];
    shown.values[scope + ".busy"] =
        view.busy * static_cast<double>(env.plan().cores[f]);
    shown.values[scope + ".packets"] = view.packets_per_second;
    shown.values[scope + ".ring_drops"] = 0;
  }
  for (size_t c = 0; c < servers.chains.size(); ++c) {
    const std::string scope = "chain." + servers.chains[c].name;
    const ChainView& view = env.view().chains[c];
    shown.values[scope + ".offered_packet_rate"] = view.offered;
    shown.values[scope + ".delivered_packet_rate"] = view.delivered;
    shown.values[scope + ".latency_p99"] = view.latency_p99_seconds;
  }
  return shown;
}

PlacementPlan After(const PlacementPlan& plan, const Action& action,
                    const ServersConfig& servers) {
  PlacementPlan next = plan;
  for (size_t f = 0; f < servers.functions.size(); ++f) {
    const std::string scope = "function." + servers.functions[f].name;
    const auto set = [&](const std::string& name, int64_t* value) {
      const auto found = action.settings.find(scope + name);
      if (found == action.settings.end()) return;
      *value = static_cast<int64_t>(found->second);
    };
    set(".cores", &next.cores[f]);
    set(".machine", &next.machines[f]);
  }
  return next;
}

// `delay`: decisions that observations come late; before, nothing is seen.
Outcome Play(const std::string& agent, const std::string& policy,
             size_t delay = 0) {
  constexpr int kDays = 10;
  Scenario scenario = Shipped();
  scenario.controller.policy = policy;
  PlacementEnvOptions options;
  options.servers = *scenario.datacentre->servers;
  options.interval = scenario.controller.interval;
  PlacementEnv env(options);
  Outcome outcome;
  for (int day = 0; day < kDays; ++day) {
    env.Reset(RngTree(77).Stream("test/day", Replication(day)));
    const auto controller = CreateAgent(agent, scenario, Replication(day));
    std::deque<Observation> on_their_way(delay);
    for (int64_t step = 0; step < options.steps; ++step) {
      on_their_way.push_back(Shown(env));
      const Action action = controller->Decide(on_their_way.front());
      on_their_way.pop_front();
      double costs[2];
      env.StepWith(After(env.plan(), action, options.servers), false, costs);
      const auto all = static_cast<double>(kDays * options.steps);
      outcome.violations += costs[0] / all;
      outcome.machines +=
          static_cast<double>(MachinesInUse(env.plan(), env.setup())) / all;
    }
  }
  return outcome;
}

TEST(ShippedPolicyTest, KeepsAgreementsWithFewerMachines) {
  const Outcome trained = Play(
      "placement-policy", AIRLOCK_SOURCE_DIR "/agents/policies/placement.json");
  const Outcome threshold = Play("threshold-autoscaler", "");
  const Outcome first_fit = Play("first-fit", "");
  EXPECT_LT(trained.machines, threshold.machines);
  EXPECT_LT(trained.violations, 0.6 * threshold.violations);
  EXPECT_LT(trained.violations, 0.01);  // the preset's limit
  // Fewest machines, bought with broken agreements.
  EXPECT_GT(first_fit.violations, 5 * threshold.violations);
}

TEST(ShippedPolicyTest, StaysAheadWhereObservationsAreLate) {
  for (const size_t delay : {1, 2}) {
    const Outcome trained =
        Play("placement-policy",
             AIRLOCK_SOURCE_DIR "/agents/policies/placement.json", delay);
    const Outcome threshold = Play("threshold-autoscaler", "", delay);
    EXPECT_LT(trained.violations, 0.7 * threshold.violations) << delay;
    EXPECT_LT(trained.machines, 1.02 * threshold.machines) << delay;
  }
}

TEST(ShippedPolicyTest, AnUntrainedOneUsesMore) {
  const Outcome untrained = Play("placement-policy", AIRLOCK_SOURCE_DIR
                                 "/agents/policies/placement-untrained.json");
  EXPECT_GT(untrained.machines, 3.5);
}

}  // namespace
}  // namespace airlock
