#pragma once

#include "sim/config/node.h"
#include "sim/scenario/scenario.h"

// What must hold between the keys of a fabric: each is a check of the struct's
// declaration, as in checks.h.
namespace airlock {

void CheckQueue(const QueueConfig& queue, const Reporter& report);
void CheckRepair(const FailureConfig& failure, const Reporter& report);
void CheckFatTree(const TopologyConfig& topology, const Reporter& report);
// Elements that there are, and hosts that reach each other.
void CheckFailures(const TopologyConfig& topology, const Reporter& report);
void CheckDelayedAck(const TransportConfig& transport, const Reporter& report);
void CheckWorkloadKind(const FabricWorkload& traffic, const Reporter& report);
// Random traffic that the fabric cannot carry, as a warning.
void CheckFabricLoad(const DatacentreConfig& datacentre,
                     const Reporter& report);
// Weights of next hops that there are, and not all zero where they choose.
void CheckWeights(const DatacentreConfig& datacentre, const Reporter& report);

}  // namespace airlock
