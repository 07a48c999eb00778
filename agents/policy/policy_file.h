#pragma once

#include <string>

#include "agents/env/env.h"
#include "agents/policy/policy.h"
#include "sim/base/error.h"

namespace airlock {

// A trained policy is missing, damaged, or not for this network.
class PolicyError : public InputError {
 public:
  using InputError::InputError;
};

// Reads what a training wrote. Throws PolicyError that names the file.
Policy LoadPolicy(const std::string& path);

// Whether it observes and acts as `expected` says, by name and unit, whatever
// the ranges. Throws PolicyError that names `path` and both lists of actions.
void CheckFits(const Policy& policy, const EnvSpec& expected,
               const std::string& path);

}  // namespace airlock
