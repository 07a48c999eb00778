#pragma once

#include "sim/config/node.h"
#include "sim/scenario/scenario.h"

// What must hold between the keys of machines, functions and chains. Private to
// sim/scenario, as checks.h.
namespace airlock {

void CheckMachine(const MachineConfig& machine, const Reporter& report);
void CheckFunctionCost(const FunctionConfig& function, const Reporter& report);
void CheckCompetitor(const CompetitorConfig& competitor,
                     const Reporter& report);
void CheckServiceChain(const ServiceChainConfig& chain, const Reporter& report);
// Placement, memory, and the functions that chains name.
void CheckServers(const ServersConfig& servers, const Reporter& report);

}  // namespace airlock
