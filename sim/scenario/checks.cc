#include "sim/scenario/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace airlock {
namespace {

// Enough for a day at 10 ms; a finer series is more likely a slip of the unit.
constexpr int64_t kMostSamples = 10000000;

bool AnyPositive(const Contention& slopes) {
  return slopes.cpu > 0 || slopes.cache > 0 || slopes.memory > 0 ||
         slopes.io > 0;
}

void CheckHost(int64_t host, int64_t hosts, const std::string& key,
               const Reporter& report) {
  if (host < hosts) return;
  report.Error(key, fmt::format("there is no host {}", host),
               fmt::format("the topology has the hosts 0 to {}", hosts - 1));
}

}  // namespace

int64_t CountHosts(const TopologyConfig& topology) {
  if (topology.kind == "back-to-back") return 2;
  if (topology.kind == "fat-tree") {
    const int64_t k = topology.switch_ports;
    return k * k * k / 4;
  }
  return topology.leaves * topology.hosts_per_leaf;
}

void CheckRun(const RunConfig& run, const Reporter& report) {
  if (run.duration.value() % run.sample_interval.value() != 0) {
    report.Error(
        "sample_interval",
        fmt::format("{} does not divide the duration of {}",
                    ToString(run.sample_interval), ToString(run.duration)));
  } else if (run.duration.value() / run.sample_interval.value() >
             kMostSamples) {
    report.Error("sample_interval",
                 fmt::format("{} makes {} samples of a duration of {}",
                             ToString(run.sample_interval),
                             run.duration.value() / run.sample_interval.value(),
                             ToString(run.duration)),
                 fmt::format("at most {} samples", kMostSamples));
  }
}

void CheckLoad(const LoadProfile& load, const Reporter& report) {
  if (load.kind == "trace" && load.trace.empty()) {
    report.Error("trace", "kind 'trace' needs the file of a trace");
  } else if (load.kind != "trace" && !load.trace.empty()) {
    report.Error("kind", "'" + load.kind + "' does not use the given trace",
                 "write trace");
  }
  const bool varies = load.kind != "trace" && load.kind != "constant";
  if (varies && load.peak < load.rate) {
    report.Error("peak", fmt::format("{} is below the rate of {}",
                                     ToString(load.peak), ToString(load.rate)));
  }
}

void CheckService(const ServiceTime& service, const Reporter& report) {
  const bool uses_cv =
      service.distribution == "gamma" || service.distribution == "lognormal";
  if (uses_cv && service.cv <= 0) {
    report.Error("cv", "must be more than 0 for " + service.distribution,
                 "for no variation write distribution: constant");
  }
  if (service.per_packet_ns <= 0 && service.per_byte_ns <= 0) {
    report.Error("per_packet", "a packet takes no time",
                 "write more than 0ns here or in per_byte");
  }
}

void CheckFunction(const ChainFunction& function, const Reporter& report) {
  const bool stalls =
      function.stall_interval.value() > 0 || AnyPositive(function.stall_slope);
  if (stalls && function.stall_duration.value() == 0) {
    report.Error("stall_duration", "stalls of no length", "write a time");
  }
  if (!stalls && function.stall_duration.value() > 0) {
    report.Error("stall_interval", "stalls have a length but never come",
                 "write the mean time between them");
  }
  if (function.quota > function.quota_period) {
    report.Error("quota", "is more than the whole quota_period",
                 "write a quota_period of at least the quota");
  }
}

void CheckWorkload(const ChainWorkload& workload, const Reporter& report) {
  double sum = 0;
  for (const PacketSizeShare& entry : workload.packet_sizes) {
    sum += entry.share.value();
  }
  if (!(sum > 0)) {
    report.Error("packet_sizes", "all shares are 0%",
                 "write a share of more than 0%");
  }
}

void CheckChain(const ChainConfig& chain, const Reporter& report) {
  if (chain.source_host == chain.server_host) {
    report.Error("server_host",
                 fmt::format("host {} is the source too", chain.server_host),
                 "write another host than source_host");
  }
}

void CheckTraffic(const DatacentreConfig& datacentre, const Reporter& report) {
  const FabricWorkload& traffic = datacentre.traffic;
  if (traffic.kind == "none" && !datacentre.chain && !datacentre.balancer &&
      !datacentre.servers) {
    report.Error("traffic.kind", "there is nothing to simulate",
                 "give traffic, a chain, a balancer or servers");
  }
  if (traffic.kind == "none") return;
  if (CountHosts(datacentre.topology) < 2) {
    report.Error("topology.hosts_per_leaf", "one host has no other to send to",
                 "write 2 or more");
  }
  const QueueConfig& queue = datacentre.topology.queue;
  if (datacentre.transport.kind == "dctcp" && !MarksEcn(queue)) {
    report.Warning("topology.queue.discipline",
                   "dctcp needs marks, which " + queue.discipline +
                       " does not make; it will act like newreno");
  }
}

void CheckIncastReceiver(const DatacentreConfig& datacentre,
                         const Reporter& report) {
  if (datacentre.traffic.kind != "incast") return;
  CheckHost(datacentre.traffic.receiver, CountHosts(datacentre.topology),
            "traffic.receiver", report);
}

void CheckChainHosts(const DatacentreConfig& datacentre,
                     const Reporter& report) {
  if (!datacentre.chain) return;
  const int64_t hosts = CountHosts(datacentre.topology);
  CheckHost(datacentre.chain->source_host, hosts, "chain.source_host", report);
  CheckHost(datacentre.chain->server_host, hosts, "chain.server_host", report);
}

void CheckNetworks(const Scenario& scenario, const Reporter& report) {
  if (!scenario.datacentre && !scenario.wlan) {
    report.Error("", "there is no network", "give datacentre or wlan");
  } else if (scenario.datacentre && scenario.wlan) {
    report.Error("wlan", "there is a datacentre too",
                 "give one of the two networks");
  }
}

void CheckController(const Scenario& scenario, const Reporter& report) {
  if (scenario.controller.agent == "static" ||
      scenario.controller.interval <= scenario.run.duration) {
    return;
  }
  report.Error("controller.interval",
               fmt::format("{} is longer than the run of {}",
                           ToString(scenario.controller.interval),
                           ToString(scenario.run.duration)));
}

}  // namespace airlock
