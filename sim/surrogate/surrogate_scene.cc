#include "sim/surrogate/surrogate_scene.h"

#include "sim/surrogate/airtime_simulation.h"
#include "sim/surrogate/chain_simulation.h"
#include "sim/surrogate/pool_simulation.h"

namespace airlock {

std::unique_ptr<Scene> CreateSurrogateScene(const ResolvedScenario& resolved) {
  const Scenario& scenario = resolved.scenario();
  if (scenario.wlan) return CreateAirtimeScene(resolved);
  if (scenario.datacentre && scenario.datacentre->balancer) {
    return CreatePoolScene(resolved);
  }
  return CreateChainScene(resolved);
}

}  // namespace airlock
