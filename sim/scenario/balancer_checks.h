#pragma once

#include <cstdint>
#include <vector>

#include "sim/config/node.h"
#include "sim/scenario/scenario.h"

// What must hold between the keys of a server pool, and what follows from them.
namespace airlock {

void CheckPoolLoad(const PoolLoad& load, const Reporter& report);
void CheckRequestClass(const RequestClass& request, const Reporter& report);
void CheckPoolWeights(const BalancerConfig& balancer, const Reporter& report);
void CheckPoolEvents(const BalancerConfig& balancer, const Reporter& report);
void CheckRequests(const BalancerConfig& balancer, const Reporter& report);
// Hosts, for which the topology is needed.
void CheckPoolHosts(const DatacentreConfig& datacentre, const Reporter& report);

// The host of each server: as written; else the lowest that is no client, not
// the balancer and no other server's. May be beyond the topology's last.
std::vector<int64_t> PoolHosts(const BalancerConfig& balancer);
// cores * speed.
double CapacityOf(const PoolServer& server);
// Mean work of a request in seconds of a core of speed 1, without overhead.
double MeanWorkSeconds(const std::vector<RequestClass>& requests);

}  // namespace airlock
