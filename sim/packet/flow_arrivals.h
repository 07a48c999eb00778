#pragma once

#include "sim/packet/workload.h"

// Workloads whose flows arrive one by one (traffic.kind poisson, rack-matrix,
// trace): the functions of the table in workload.cc.
namespace airlock {

// At each host of its own random stream, for any other host, each equally
// likely.
std::unique_ptr<FlowSource> CreatePoisson(const FabricWorkload& config,
                                          const DatacentreNetwork& network,
                                          const RngTree& rng,
                                          Replication replication);
// Between two racks in proportion to the matrix, between their hosts alike.
std::unique_ptr<FlowSource> CreateRackMatrix(const FabricWorkload& config,
                                             const DatacentreNetwork& network,
                                             const RngTree& rng,
                                             Replication replication);
std::unique_ptr<FlowSource> CreateTrace(const FabricWorkload& config,
                                        const DatacentreNetwork& network,
                                        const RngTree& rng,
                                        Replication replication);

}  // namespace airlock
