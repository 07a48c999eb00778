#pragma once

#include <memory>
#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/engine/scene.h"
#include "sim/results/run_record.h"
#include "sim/scenario/resolve.h"
#include "sim/scenario/servers_config.h"

namespace airlock {

// The servers of a datacentre scenario. Throws InputError with what
// CheckLoadTraces() finds.
std::unique_ptr<Scene> CreateServersScene(const ResolvedScenario& scenario);

// Reports traces that drive a load but cannot be read, or measured functions
// that the servers do not have: such a load is that of another network.
void CheckLoadTraces(const ResolvedScenario& scenario, Diagnostics* found);

// Runs `servers` for `run.duration` and reports, as a scenario of the same
// seed would. Without state outside: calls may run at once in several threads.
// `servers` has passed the scenario's checks; no load is of kind trace.
ReplicationRecord RunServers(const RunConfig& run, const ServersConfig& servers,
                             Replication replication);

}  // namespace airlock
