#pragma once

#include "sim/packet/workload.h"

// Workloads in rounds (traffic.kind permutation, incast, all-to-all): the
// functions of the table in workload.cc.
namespace airlock {

std::unique_ptr<FlowSource> CreatePermutation(const FabricWorkload& config,
                                              const DatacentreNetwork& network,
                                              const RngTree& rng,
                                              Replication replication);
std::unique_ptr<FlowSource> CreateIncast(const FabricWorkload& config,
                                         const DatacentreNetwork& network,
                                         const RngTree& rng,
                                         Replication replication);
std::unique_ptr<FlowSource> CreateAllToAll(const FabricWorkload& config,
                                           const DatacentreNetwork& network,
                                           const RngTree& rng,
                                           Replication replication);

}  // namespace airlock
