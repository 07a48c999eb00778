#pragma once

#include <cstdint>
#include <optional>

#include "sim/base/units.h"

// What a scenario says of whoever gives functions their cores and machines.
namespace airlock {

// Where such a manager is held back, and when the threshold autoscaler takes
// its place (agents/placement/placement_shield.h).
struct PlacementShieldConfig {
  Ratio most_busy{0.95};    // that the present load may make a function's cores
  int64_t most_change = 2;  // cores that a function gains or loses a decision
  int64_t most_moves = 2;   // functions that change their machine a decision
  int64_t fallback_after = 1;  // decisions in a row whose observation is
                               // missing or cannot be
};

struct PlacementConfig {
  Ratio scale_out{0.8};  // a function busier than that gets cores
  Ratio scale_in{0.7};   // one that would be less busy without one gives it up
  int64_t patience = 3;  // decisions in a row before cores or machines are
                         // given up
  std::optional<PlacementShieldConfig> shield;
};

}  // namespace airlock
