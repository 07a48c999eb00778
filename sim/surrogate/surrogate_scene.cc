#include "sim/surrogate/surrogate_scene.h"

#include "sim/surrogate/airtime_simulation.h"
#include "sim/surrogate/chain_simulation.h"

namespace airlock {

std::unique_ptr<Scene> CreateSurrogateScene(const ResolvedScenario& resolved) {
  return resolved.scenario().wlan ? CreateAirtimeScene(resolved)
                                  : CreateChainScene(resolved);
}

}  // namespace airlock
