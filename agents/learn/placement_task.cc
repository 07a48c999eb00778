#include "agents/learn/placement_task.h"

#include <algorithm>
#include <memory>
#include <string>

#include "agents/placement/placement_env.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

void CheckScenario(const ResolvedScenario& scenario, Diagnostics* diagnostics) {
  const Scenario& all = scenario.scenario();
  const auto report = [&](const std::string& key, const std::string& what,
                          const std::string& hint) {
    scenario.Report(key, std::string(kPlacementTask) + " " + what, hint,
                    diagnostics);
  };
  if (!all.datacentre || !all.datacentre->servers) {
    report(all.wlan ? "wlan" : "datacentre",
           "is learnt on servers with functions; here are none",
           "give datacentre.servers");
    return;
  }
  const auto& chains = all.datacentre->servers->chains;
  if (std::none_of(chains.begin(), chains.end(),
                   [](const auto& chain) { return chain.agreement; })) {
    report("datacentre.servers.chains",
           "wants chains with agreements: without one, fewest cores are best",
           "give a chain an agreement");
  }
}

}  // namespace

std::optional<TrainingTask> PlacementTask(const ResolvedScenario& scenario,
                                          Diagnostics* diagnostics) {
  CheckScenario(scenario, diagnostics);
  if (diagnostics->has_errors()) return std::nullopt;
  const Scenario& all = scenario.scenario();
  PlacementEnvOptions options;
  options.servers = *all.datacentre->servers;
  options.interval = all.controller.interval;
  options.steps = all.run.duration.value() / all.controller.interval.value();
  options.tally = std::make_shared<SharedTally>();
  TrainingTask task;
  try {
    task.spec = PlacementEnv(options).spec();
  } catch (const InputError& error) {
    scenario.Report("datacentre.servers", error.what(), "", diagnostics);
    return std::nullopt;
  }
  task.create = [options] { return std::make_unique<PlacementEnv>(options); };
  task.tally = options.tally;
  return task;
}

}  // namespace airlock
