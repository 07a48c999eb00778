#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/engine/simulation.h"

namespace airlock {

// One kind of controller that a scenario can name under `controller.agent`.
struct AgentRow {
  const char* name;
  const char* description;
  std::unique_ptr<Controller> (*create)();
};

// The agents, in the order in which `airlock list agents` prints them.
const std::vector<AgentRow>& Agents();

// Throws InputError that lists the known agents.
std::unique_ptr<Controller> CreateAgent(const std::string& name);

}  // namespace airlock
