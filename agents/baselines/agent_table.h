#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/base/ids.h"
#include "sim/engine/simulation.h"
#include "sim/scenario/scenario.h"

namespace airlock {

// One kind of controller that a scenario can name under `controller.agent`.
struct AgentRow {
  std::string name;
  std::string description;
};

// The agents, in the order in which `airlock list agents` prints them: those
// here and every channel planner (channel_planner.h).
const std::vector<AgentRow>& Agents();

// Throws PolicyError where `policy`, the file of an agent's trained policy, is
// missing or damaged, or given for an agent that takes none.
void CheckPolicy(const std::string& agent, const std::string& policy);

// The controller of one replication of `scenario`, which has been resolved.
// Planners draw from the stream "agent/NAME"; `oracle` is told the loads of the
// scenario's own profile; a trained one runs `controller.policy`. Throws
// InputError that lists the known agents, or for a planner in a scenario
// without a WLAN; PolicyError as CheckPolicy(), or for a policy that is not for
// this network. `doubt`: asked before every plan of a scenario with a fallback,
// which plans where it says why (fallback_planner.h).
std::unique_ptr<Controller> CreateAgent(
    const std::string& name, const Scenario& scenario, Replication replication,
    const std::function<std::string()>& doubt = nullptr);

}  // namespace airlock
