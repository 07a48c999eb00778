#pragma once

#include <memory>

#include "sim/engine/scene.h"
#include "sim/scenario/resolve.h"

namespace airlock {

// What `run.engine: surrogate` runs: the service chain of a datacentre scenario
// (chain_simulation.h) or its server pool (pool_simulation.h), or the airtime
// of a WLAN (airtime_simulation.h).
std::unique_ptr<Scene> CreateSurrogateScene(const ResolvedScenario& scenario);

}  // namespace airlock
