#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agents/learn/agent_file.h"
#include "agents/learn/training_task.h"
#include "sim/base/diagnostics.h"
#include "sim/config/node.h"
#include "sim/scenario/resolve.h"

// What can be learnt in a scenario: an agent file says which.
namespace airlock {

// A row of `airlock list scenario-tasks`.
struct ScenarioTaskRow {
  std::string name;
  std::string description;
};
// The channel manager's on the airtime model, the load balancer's, then those
// of `airlock list network-tasks`.
const std::vector<ScenarioTaskRow>& ScenarioTasks();

// The task `agent.task` in this scenario. Adds what is wrong with the scenario
// for it, where the scenario says so, and what is wrong with the agent file,
// through `report`; nothing if there is any. Among it: constraints that no
// action could meet.
std::optional<TrainingTask> ScenarioTask(const ResolvedScenario& scenario,
                                         const AgentFile& agent,
                                         const Reporter& report,
                                         Diagnostics* diagnostics);

// Whether what a controller sees has errors, is missing or late.
bool Distorts(const ObservationConfig& observation);

}  // namespace airlock
