#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agents/env/env.h"
#include "sim/engine/simulation.h"
#include "sim/scenario/scenario.h"

namespace airlock {

// What a task makes of a simulated network: everything by the counters that its
// devices report, nothing by the simulator's knowledge. Who simulates it is for
// twin/worker/network_env.h.
class NetworkTaskRules {
 public:
  virtual ~NetworkTaskRules() = default;

  virtual const EnvSpec& spec() const = 0;
  virtual Action ActionOf(const double* choices) const = 0;
  // The choices that change nothing of what the counters say.
  virtual std::vector<double> Staying(const Observation& counters) const = 0;
  // The reward of the interval that `counters` are of; writes its costs.
  virtual double Judge(const Observation& counters, double* costs) const = 0;
  // Writes what the policy sees of it; `counters` may have missing values.
  virtual void Show(const Observation& counters, double* observation) const = 0;
};

// A row of `airlock list network-tasks`.
struct NetworkTaskRow {
  const char* name;
  const char* description;
  // Throws InputError for a scenario that has not what the task needs.
  std::unique_ptr<NetworkTaskRules> (*create)(const Scenario& scenario);
};
const std::vector<NetworkTaskRow>& NetworkTasks();
// Throws InputError that lists the known ones.
const NetworkTaskRow& NetworkTaskNamed(const std::string& name);

// Decisions of an episode: throws InputError if the run has none.
int64_t DecisionsOf(const Scenario& scenario);

// Which of `channels` an access point is on; the first where it is on none.
double ChoiceOf(double channel, const std::vector<int64_t>& channels);

// The tasks: channel_hop.cc, channel_plan.cc.
std::unique_ptr<NetworkTaskRules> ChannelHopRules(const Scenario& scenario);
std::unique_ptr<NetworkTaskRules> ChannelPlanRules(const Scenario& scenario);

}  // namespace airlock
