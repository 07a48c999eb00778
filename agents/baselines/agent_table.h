#pragma once

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

// The controller of one replication of `scenario`, which has been resolved.
// Planners draw from the stream "agent/NAME"; `oracle` is told the loads of the
// scenario's own profile. Throws InputError that lists the known agents, or for
// a planner in a scenario without a WLAN.
std::unique_ptr<Controller> CreateAgent(const std::string& name,
                                        const Scenario& scenario,
                                        Replication replication);

}  // namespace airlock
