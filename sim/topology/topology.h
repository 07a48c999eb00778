#pragma once

#include <string>
#include <vector>

#include "sim/base/ids.h"
#include "sim/topology/topology_config.h"

namespace airlock {

// Switches by their distance from the hosts: a leaf (edge) has hosts; the spine
// of a fat-tree is its core.
enum class NodeKind { kHost, kLeaf, kAggregation, kSpine };

struct TopologyNode {
  NodeKind kind = NodeKind::kHost;
  int64_t index = 0;  // among the nodes of its kind
  std::string name;   // "host3", "leaf0", "spine1"; of a fat-tree "edge0",
                      // "aggregation0", "core0"
};

// A full-duplex link with a queue at each end.
struct TopologyLink {
  NodeId a;
  NodeId b;
  Bandwidth rate;
  SimTime delay;
  QueueConfig queue_a;  // of a's port
  QueueConfig queue_b;
};

// A network as plain data: what there is, not how it is simulated. A NodeId or
// LinkId is the position in `nodes` or `links`; hosts come first, so that a
// host's index is also its node's.
struct Topology {
  std::vector<TopologyNode> nodes;
  std::vector<TopologyLink> links;

  int64_t CountHosts() const;
  const TopologyNode& node(NodeId id) const;
  const TopologyLink& link(LinkId id) const;
  // The other end of `link`, seen from `node`, one of its ends.
  NodeId Peer(LinkId link, NodeId node) const;
  // Host `index`'s only link, and the switch or host at its other end.
  LinkId LinkOf(int64_t host_index) const;
  NodeId AttachedTo(int64_t host_index) const;
};

// A way to build a topology.
struct TopologyBuilder {
  const char* name;  // topology.kind
  Topology (*build)(const TopologyConfig& config);
  const char* description;
};

// All of them, in the order of `airlock list topologies`.
const std::vector<TopologyBuilder>& TopologyBuilders();

// The topology that `config.kind` names. Throws InputError for a kind that is
// not in the table, or numbers below 1.
Topology BuildTopology(const TopologyConfig& config);

}  // namespace airlock
