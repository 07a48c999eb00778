#pragma once

#include <memory>

#include "sim/engine/scene.h"
#include "sim/scenario/resolve.h"

namespace airlock {

// `datacentre.balancer` on the surrogate engine: pool_model.h, sampled. The
// columns are PoolMonitor's and, of each server, the collector's counters of
// flows and its features of completion times (a flow's duration is the same
// here). Settings: server.NAME.weight, 0 to 2, not all 0.
std::unique_ptr<Scene> CreatePoolScene(const ResolvedScenario& scenario);

}  // namespace airlock
