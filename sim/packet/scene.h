#pragma once

#include <memory>

#include "sim/engine/simulation.h"
#include "sim/scenario/resolve.h"

namespace airlock {

// A packet-level network in ns-3. The worker builds and settles it once, then
// forks a child for each replication, which calls Start(): replications share
// the settled state and nothing else.
//
// Never holds outside: ns-3's simulator, node list and random streams are
// process-wide, so one Scene lives in a process, ever.
class Scene : public Simulation {
 public:
  // Builds the network and runs it until it is settled: stations associated,
  // addresses and routes known, no random traffic yet. Called once, first.
  virtual void Settle() = 0;

  // In the replication's own process: assigns every random stream from the
  // scenario's seed and `replication`, and starts the traffic. From here Now()
  // counts from 0. Called once, after Settle().
  virtual void Start(Replication replication) = 0;
};

// The scene of the scenario's network (datacentre.cc, wlan.cc). Throws Error if
// ns-3 refuses the configuration.
std::unique_ptr<Scene> CreateDatacentreScene(const ResolvedScenario& scenario);
std::unique_ptr<Scene> CreateWlanScene(const ResolvedScenario& scenario);

}  // namespace airlock
