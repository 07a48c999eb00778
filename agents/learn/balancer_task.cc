#include "agents/learn/balancer_task.h"

#include <memory>

#include "agents/balancing/balancer_env.h"
#include "agents/learn/scenario_task.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

// What the fast engine knows nothing of.
void CheckScenario(const ResolvedScenario& scenario, Diagnostics* diagnostics) {
  const Scenario& all = scenario.scenario();
  const auto report = [&](const std::string& key, const std::string& what,
                          const std::string& hint) {
    scenario.Report(key, std::string(kLoadBalancerTask) + what, hint,
                    diagnostics);
  };
  if (!all.datacentre || !all.datacentre->balancer) {
    report(all.wlan ? "wlan" : "datacentre",
           " is learnt in a server pool; here is none",
           "give datacentre.balancer");
    return;
  }
  if (all.run.engine != "surrogate") {
    report("run.engine",
           " is learnt on the fast engine, not on '" + all.run.engine + "'",
           "write surrogate; policies run on either");
  }
  if (Distorts(all.controller.observation)) {
    report("controller.observation",
           ": errors of what an agent sees are the agent file's; write them "
           "under its `noise`",
           "");
  }
  if (all.run.duration < all.controller.interval) {
    report("controller.interval", " has no decision in a run that short", "");
  }
}

}  // namespace

std::optional<TrainingTask> BalancerTask(const ResolvedScenario& scenario,
                                         const AgentFile& agent,
                                         Diagnostics* diagnostics) {
  CheckScenario(scenario, diagnostics);
  if (diagnostics->has_errors()) return std::nullopt;
  const Scenario& all = scenario.scenario();
  BalancerEnvOptions options;
  options.balancer = *all.datacentre->balancer;
  options.interval = all.controller.interval;
  options.steps = all.run.duration.value() / all.controller.interval.value();
  options.reward = agent.load_balancer.reward;
  options.randomise = agent.load_balancer.randomise;
  if (options.balancer.shield) options.tally = std::make_shared<SharedTally>();
  TrainingTask task;
  try {
    if (const auto trace = ReadPoolTrace(options.balancer.load)) {
      options.trace = std::make_shared<const Trace>(*trace);
    }
    task.spec = BalancerEnv(options).spec();
  } catch (const InputError& error) {
    scenario.Report("datacentre.balancer.load", error.what(), "", diagnostics);
    return std::nullopt;
  }
  task.create = [options] { return std::make_unique<BalancerEnv>(options); };
  task.tally = options.tally;
  return task;
}

}  // namespace airlock
