#pragma once

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "sim/server/run_servers.h"

namespace airlock {

// A machine of one socket, where nothing but functions costs time.
inline MachineConfig PlainMachine() {
  MachineConfig machine;
  machine.name = "m0";
  machine.sockets = 1;
  machine.cores_per_socket = 8;
  machine.frequency = Frequency(2e9);
  machine.turbo_one = Frequency(2e9);
  machine.turbo_all = Frequency(2e9);
  machine.nic_rate = Gbps(400);
  machine.nic_packet_rate = 1e9;
  machine.pcie_bandwidth = Gbps(800);
  machine.nic_latency = SimTime(0);
  return machine;
}

// Takes `service_ns` for each packet and nothing else.
inline FunctionConfig PlainFunction(const std::string& name,
                                    double service_ns) {
  FunctionConfig f;
  f.name = name;
  f.ipc = 1;
  f.instructions = {0, 2 * service_ns, 0};
  f.packet_references = {};
  f.state_references = {};
  f.cv = 0;
  return f;
}

// Frames of `bytes` at `packets_per_second`.
inline ServiceChainConfig PlainChain(const std::string& name,
                                     std::vector<std::string> path,
                                     double packets_per_second,
                                     int64_t bytes = 500) {
  ServiceChainConfig chain;
  chain.name = name;
  chain.path = std::move(path);
  chain.load.rate = Bandwidth(
      std::llround(8 * packets_per_second * static_cast<double>(bytes)));
  chain.packet_sizes = {{DataSize(bytes), Ratio(1)}};
  return chain;
}

inline std::map<std::string, double> MetricsOf(
    const ReplicationRecord& record) {
  std::map<std::string, double> metrics;
  for (const Metric& metric : record.metrics) {
    metrics[metric.name] = metric.value;
  }
  return metrics;
}

inline ReplicationRecord RunFor(const ServersConfig& servers,
                                SimTime duration = Milliseconds(200),
                                int64_t seed = 1) {
  RunConfig run;
  run.seed = seed;
  run.duration = duration;
  run.sample_interval = Milliseconds(10);
  return RunServers(run, servers, Replication(0));
}

}  // namespace airlock
