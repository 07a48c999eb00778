#pragma once

#include <string>

#include "sim/config/node.h"
#include "sim/scenario/scenario.h"

// What must hold between the keys of a scenario. Private to sim/scenario: each
// is a check of the struct's declaration, called once the keys that it needs
// are good.
namespace airlock {

void CheckRun(const RunConfig& run, const Reporter& report);
void CheckLoad(const LoadProfile& load, const Reporter& report);
void CheckService(const ServiceTime& service, const Reporter& report);
void CheckFunction(const ChainFunction& function, const Reporter& report);
void CheckWorkload(const ChainWorkload& workload, const Reporter& report);
void CheckChain(const ChainConfig& chain, const Reporter& report);
void CheckTraffic(const DatacentreConfig& datacentre, const Reporter& report);
void CheckIncastReceiver(const DatacentreConfig& datacentre,
                         const Reporter& report);
void CheckChainHosts(const DatacentreConfig& datacentre,
                     const Reporter& report);
void CheckNetworks(const Scenario& scenario, const Reporter& report);
void CheckEngine(const Scenario& scenario, const Reporter& report);
void CheckController(const Scenario& scenario, const Reporter& report);

// Hosts of a datacentre's topology.
int64_t CountHosts(const TopologyConfig& topology);

}  // namespace airlock
