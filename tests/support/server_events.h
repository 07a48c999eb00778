#pragma once

#include <cmath>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "sim/server/run_servers.h"

// The same servers with an event for each batch and one for each packet.
namespace airlock::testing {

// Three functions in a row of one core each, whose second is the slowest and
// takes `load` of what it can; 40 Gb/s wire, so that it limits alone. With
// `shared`, the same packets come from two chains that meet there.
inline ServersConfig EventServers(int64_t bytes, double load, bool shared) {
  ServersConfig servers;
  MachineConfig machine;
  machine.name = "m0";
  machine.nic_rate = Gbps(40);
  machine.nic_packet_rate = 1e8;
  machine.pcie_bandwidth = Gbps(120);
  servers.machines = {machine};
  for (const auto& [name, per_packet] :
       std::vector<std::pair<std::string, double>>{
           {"in", 120}, {"middle", 200}, {"out-side", 150}}) {
    FunctionConfig f;
    f.name = name;
    f.instructions = {150, per_packet, 0.05};
    f.packet_references = {3, 2, 0};
    f.state_references = {0, 2, 0};
    servers.functions.push_back(f);
  }
  servers.batch_span = Microseconds(20);
  const int chains = shared ? 2 : 1;
  for (int c = 0; c < chains; ++c) {
    ServiceChainConfig chain;
    chain.name = "c" + std::to_string(c);
    chain.path = c == 0 ? std::vector<std::string>{"in", "middle", "out-side"}
                        : std::vector<std::string>{"middle"};
    chain.packet_sizes = {{DataSize(bytes), Ratio(1)}};
    chain.load.rate = Gbps(39);
    servers.chains.push_back(chain);
  }
  // What the middle can do, by having too much.
  RunConfig run;
  run.duration = Milliseconds(40);
  ServersConfig full = servers;
  full.functions[0].instructions = {0, 1, 0};
  full.functions[0].packet_references = {};
  full.functions[0].state_references = {};
  full.functions[2] = full.functions[0];
  full.functions[2].name = "out-side";
  const ReplicationRecord record = RunServers(run, full, Replication(0));
  double most = 0;
  for (const Metric& metric : record.metrics) {
    if (metric.name == "chain.function.middle.packets") most = metric.value;
  }
  for (ServiceChainConfig& chain : servers.chains) {
    chain.load.rate = Bandwidth(
        std::llround(load * most * 8 * static_cast<double>(bytes) / chains));
  }
  return servers;
}

struct EventResult {
  double offered = 0;  // packets a second
  double delivered = 0;
  double loss_ratio = 0;
  double p50 = 0;
  double p99 = 0;
  double events_per_packet = 0;
  double packets_per_cpu_second = 0;
};

inline EventResult RunEvents(ServersConfig servers, const std::string& event,
                             SimTime duration) {
  servers.event = event;
  RunConfig run;
  run.duration = duration;
  run.sample_interval = Milliseconds(5);
  const std::clock_t began = std::clock();
  const ReplicationRecord record = RunServers(run, servers, Replication(0));
  const double cpu = static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
  EventResult result;
  for (const Metric& metric : record.metrics) {
    if (metric.name == "chain.offered_packet_rate") {
      result.offered = metric.value;
    } else if (metric.name == "chain.delivered_packet_rate") {
      result.delivered = metric.value;
    } else if (metric.name == "chain.loss_ratio") {
      result.loss_ratio = metric.value;
    } else if (metric.name == "chain.latency_p50") {
      result.p50 = metric.value;
    } else if (metric.name == "chain.latency_p99") {
      result.p99 = metric.value;
    }
  }
  const double packets = result.offered * Seconds(duration);
  result.events_per_packet = static_cast<double>(record.events) / packets;
  result.packets_per_cpu_second = packets / cpu;
  return result;
}

}  // namespace airlock::testing
