#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agents/env/env.h"

namespace airlock {

// A reference task: shipped to show that a trainer works, not to be deployed.
struct ReferenceTask {
  std::string name;
  std::string description;
  std::function<std::unique_ptr<Env>()> create;
};

// In the order in which `airlock list tasks` prints them.
const std::vector<ReferenceTask>& ReferenceTasks();

// Throws InputError that lists the known ones.
const ReferenceTask& ReferenceTaskNamed(const std::string& name);

}  // namespace airlock
