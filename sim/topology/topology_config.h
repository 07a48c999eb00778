#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/units.h"

// What a scenario says of a fabric of links and switches, as plain structs with
// defaults.
namespace airlock {

struct LinkConfig {
  Bandwidth rate = Gbps(1);
  SimTime delay = Microseconds(1);
};

struct QueueConfig {
  std::string discipline = "red-ecn";  // red-ecn step-ecn drop-tail
  int64_t limit = 1000;                // packets
  int64_t ecn_threshold = 65;          // packets: marks begin here (K)
  int64_t device_limit = 1;            // packets of `limit`, below the
                                       // discipline
};

// Whether the queue marks packets, and ecn_threshold counts.
inline bool MarksEcn(const QueueConfig& queue) {
  return queue.discipline != "drop-tail";
}

// A link or switch that stops, or a link that slows down, for some time.
struct FailureConfig {
  SimTime time;
  std::string element;            // "leaf0-spine1" a link, "spine1" a switch
  std::optional<SimTime> repair;  // of the run; absent: never
  std::optional<Bandwidth> rate;  // of a link that goes on, slower
};

struct TopologyConfig {
  std::string kind = "leaf-spine";  // leaf-spine back-to-back fat-tree
  int64_t leaves = 2;
  int64_t spines = 2;
  int64_t hosts_per_leaf = 4;
  int64_t switch_ports = 4;     // fat-tree: k
  std::string framing = "ppp";  // ppp ethernet
  LinkConfig host_link;
  LinkConfig fabric_link;
  std::optional<LinkConfig> core_link;  // fat-tree; absent: fabric_link
  QueueConfig queue;
  std::optional<QueueConfig> fabric_queue;  // between switches
  std::optional<QueueConfig> host_queue;    // in the hosts
  std::vector<FailureConfig> failures;
};

// How much of what a switch spreads over several next hops goes to one.
struct PathWeight {
  std::string at;       // switch
  std::string towards;  // its neighbour
  double weight = 1;
};

struct RoutingConfig {
  std::string kind = "flow-hash";  // flow-hash (per-flow ECMP) wcmp single-path
  int64_t salt = 0;                // mixed into every switch's own salt
  std::vector<PathWeight> weights;         // what is not named has 1
  SimTime convergence = Milliseconds(10);  // after a failure or repair
};

}  // namespace airlock
