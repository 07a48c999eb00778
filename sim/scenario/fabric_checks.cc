#include "sim/scenario/fabric_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/topology/capacity.h"
#include "sim/topology/fabric_state.h"
#include "sim/topology/path_weights.h"
#include "sim/topology/topology.h"

namespace airlock {
namespace {

std::vector<std::string> NodeNames(const Topology& topology) {
  std::vector<std::string> names;
  for (const TopologyNode& node : topology.nodes) names.push_back(node.name);
  return names;
}

std::string LinkName(const Topology& topology, const TopologyLink& link) {
  return topology.node(link.a).name + "-" + topology.node(link.b).name;
}

// "did you mean 'x'?", or what the topology has.
std::string Suggest(const std::string& name,
                    const std::vector<std::string>& known,
                    const Topology& topology) {
  const std::string nearest = NearestName(name, known);
  if (!nearest.empty()) return "did you mean '" + nearest + "'?";
  return fmt::format("the topology has {} to {}, and links such as {}",
                     topology.nodes.front().name, topology.nodes.back().name,
                     LinkName(topology, topology.links.back()));
}

// Whether the failure names something that can fail in this way.
bool CheckElement(const Topology& topology, const FailureConfig& failure,
                  const std::string& key, const Reporter& report) {
  const auto links = LinksOf(topology, failure.element);
  if (links.empty()) {
    std::vector<std::string> known = NodeNames(topology);
    for (const TopologyLink& link : topology.links) {
      known.push_back(LinkName(topology, link));
    }
    report.Error(key + ".element",
                 "there is no link or switch '" + failure.element + "'",
                 Suggest(failure.element, known, topology));
    return false;
  }
  if (!failure.rate) return true;
  for (LinkId id : links) {
    const TopologyLink& link = topology.link(id);
    if (*failure.rate < link.rate) continue;
    report.Error(
        key + ".rate",
        fmt::format("{} is no less than the {} of {}", ToString(*failure.rate),
                    ToString(link.rate), LinkName(topology, link)));
    return false;
  }
  return true;
}

// What stands in `failures` and may have cut the network at `time`.
std::string CauseAt(const TopologyConfig& config, SimTime time) {
  for (size_t i = 0; i < config.failures.size(); ++i) {
    const FailureConfig& failure = config.failures[i];
    if (failure.time == time && !failure.rate) {
      return fmt::format("failures.{}", i);
    }
  }
  return "failures";
}

}  // namespace

void CheckQueue(const QueueConfig& queue, const Reporter& report) {
  if (MarksEcn(queue) && queue.ecn_threshold > queue.limit) {
    report.Error("ecn_threshold",
                 fmt::format("{} is above the queue's limit of {}",
                             queue.ecn_threshold, queue.limit));
  }
  if (queue.device_limit >= queue.limit) {
    report.Error("device_limit",
                 fmt::format("{} leaves nothing of the limit of {} to the "
                             "discipline",
                             queue.device_limit, queue.limit),
                 fmt::format("write less than {}", queue.limit));
  }
}

void CheckRepair(const FailureConfig& failure, const Reporter& report) {
  if (!failure.repair || *failure.repair > failure.time) return;
  report.Error("repair",
               fmt::format("{} is not after the failure at {}",
                           ToString(*failure.repair), ToString(failure.time)));
}

void CheckFatTree(const TopologyConfig& topology, const Reporter& report) {
  if (topology.kind != "fat-tree" || topology.switch_ports % 2 == 0) return;
  report.Error(
      "switch_ports", fmt::format("{} is odd", topology.switch_ports),
      "half of a switch's ports lead up, half down: write an even number");
}

void CheckFailures(const TopologyConfig& config, const Reporter& report) {
  if (config.failures.empty()) return;
  if (config.kind == "fat-tree" && config.switch_ports % 2 != 0) return;
  const Topology topology = BuildTopology(config);
  bool good = true;
  for (size_t i = 0; i < config.failures.size(); ++i) {
    const std::string key = fmt::format("failures.{}", i);
    good = CheckElement(topology, config.failures[i], key, report) && good;
  }
  if (!good) return;
  for (SimTime time : ChangesOf(config.failures)) {
    const std::vector<std::string> cut =
        HostsCutOff(topology, StateAt(topology, config.failures, time));
    if (cut.empty()) continue;
    const std::string message =
        fmt::format("{} and {} do not reach each other", cut[0], cut[1]);
    if (time == SimTime()) {
      report.Error(CauseAt(config, time),
                   message + " from the start: the topology is disconnected");
      return;
    }
    report.Warning(CauseAt(config, time),
                   fmt::format("from {} on {}", ToString(time), message));
    return;
  }
}

void CheckDelayedAck(const TransportConfig& transport, const Reporter& report) {
  if (transport.delayed_ack_timeout < transport.min_rto) return;
  report.Warning("delayed_ack_timeout",
                 fmt::format("{} is not below min_rto, {}: a sender with a "
                             "window of one segment will time out each time",
                             ToString(transport.delayed_ack_timeout),
                             ToString(transport.min_rto)));
}

void CheckWorkloadKind(const FabricWorkload& traffic, const Reporter& report) {
  if (traffic.kind == "none") return;
  if (traffic.interval && !traffic.request) {
    report.Error("interval", "flows that never end have no second round",
                 "write request: the bytes of each flow");
  }
  const auto needs = [&](const char* key, const std::string& file) {
    const bool used = traffic.kind ==
                      (key == std::string("matrix") ? "rack-matrix" : "trace");
    if (used && file.empty()) {
      report.Error(key, fmt::format("kind '{}' needs a file", traffic.kind));
    } else if (!used && !file.empty()) {
      report.Error(
          "kind",
          fmt::format("'{}' does not use the given {}", traffic.kind, key),
          key == std::string("matrix") ? "write rack-matrix" : "write trace");
    }
  };
  needs("matrix", traffic.matrix);
  needs("trace", traffic.trace);
}

void CheckFabricLoad(const DatacentreConfig& datacentre,
                     const Reporter& report) {
  if (datacentre.traffic.kind != "poisson") return;
  const Topology topology = BuildTopology(datacentre.topology);
  const double hosts = static_cast<double>(topology.CountHosts());
  if (hosts < 2) return;
  // Of what a half sends, the share for the other.
  const double across = hosts / 2 / (hosts - 1);
  const Bisection bisection = BisectionOf(topology);
  const double load = datacentre.traffic.load.value();
  if (load * across * bisection.oversubscription <= 1) return;
  report.Warning(
      "traffic.load",
      fmt::format(
          "one half of the hosts will offer the other {} of which the "
          "fabric carries {}",
          ToString(Bandwidth(std::llround(
              load * across * static_cast<double>(bisection.hosts.value())))),
          ToString(bisection.rate)));
}

void CheckWeights(const DatacentreConfig& datacentre, const Reporter& report) {
  const auto& weights = datacentre.routing.weights;
  if (weights.empty()) return;
  if (datacentre.routing.kind == "single-path") {
    report.Error("routing.weights", "single-path chooses nothing",
                 "write routing.kind: flow-hash or wcmp");
    return;
  }
  PathWeights given(BuildTopology(datacentre.topology));
  for (size_t i = 0; i < weights.size(); ++i) {
    const std::string problem =
        given.Set(weights[i].at, weights[i].towards, weights[i].weight);
    if (problem.empty()) continue;
    report.Error(fmt::format("routing.weights.{}", i), problem);
  }
  const std::string at = given.AllZeroAt();
  if (at.empty()) return;
  const auto last =
      std::find_if(weights.rbegin(), weights.rend(),
                   [&](const PathWeight& weight) { return weight.at == at; });
  report.Error(fmt::format("routing.weights.{}.weight",
                           std::distance(last, weights.rend()) - 1),
               "all next hops of " + at + " have weight 0",
               "write more than 0 for one of them");
}

}  // namespace airlock
