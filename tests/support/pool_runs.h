#pragma once

#include <string>
#include <vector>

#include "tests/support/datacentre_runs.h"

namespace airlock {

// A pool packet by packet that tests change: 10 Gb/s, 2 us links, DCTCP; host 0
// balances, host 1 asks, the servers are on the next ones.
inline Scenario PoolScenario(const std::vector<PoolServer>& servers) {
  Scenario scenario = DatacentreScenario(2, 2, 4);
  scenario.run.duration = Milliseconds(1000);
  scenario.run.sample_interval = Milliseconds(25);
  TopologyConfig& topology = scenario.datacentre->topology;
  topology.host_link = topology.fabric_link = {Gbps(10), Microseconds(2)};
  BalancerConfig& balancer = scenario.datacentre->balancer.emplace();
  balancer.servers = servers;
  balancer.requests = {RequestClass{"page"}};
  balancer.requests[0].mean = Milliseconds(5);
  balancer.client_hosts = {1};
  return scenario;
}

inline PoolServer PoolServerOf(const std::string& name, int64_t cores,
                               double weight = 1) {
  PoolServer server;
  server.name = name;
  server.cores = cores;
  server.weight = weight;
  return server;
}

}  // namespace airlock
