#pragma once

#include <optional>

#include "agents/learn/training_task.h"
#include "sim/base/diagnostics.h"
#include "sim/scenario/resolve.h"

namespace airlock {

inline constexpr char kPlacementTask[] = "placement";

// Task placement in this scenario: cores and machines of its functions on the
// model of its servers' steady state. Adds what is wrong with the scenario for
// it; nothing if there is any.
std::optional<TrainingTask> PlacementTask(const ResolvedScenario& scenario,
                                          Diagnostics* diagnostics);

}  // namespace airlock
