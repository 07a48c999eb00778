#pragma once

#include <optional>

#include "agents/learn/agent_file.h"
#include "agents/learn/training_task.h"
#include "sim/base/diagnostics.h"
#include "sim/scenario/resolve.h"

namespace airlock {

// Task load-balancer in this scenario: weights of its server pool on the fast
// engine. Adds what is wrong with the scenario for it; nothing if there is any.
std::optional<TrainingTask> BalancerTask(const ResolvedScenario& scenario,
                                         const AgentFile& agent,
                                         Diagnostics* diagnostics);

}  // namespace airlock
