#pragma once

#include <memory>

#include "sim/engine/scene.h"
#include "sim/scenario/resolve.h"

namespace airlock {

// The packet-level scene of the scenario's network, in ns-3 (datacentre.cc,
// wlan.cc). Throws Error if ns-3 refuses the configuration.
//
// Never holds outside: ns-3's simulator, node list and random streams are
// process-wide, so one scene lives in a process, ever.
std::unique_ptr<Scene> CreateDatacentreScene(const ResolvedScenario& scenario);
std::unique_ptr<Scene> CreateWlanScene(const ResolvedScenario& scenario);

}  // namespace airlock
