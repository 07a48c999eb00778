#include "sim/topology/topology.h"

#include "sim/base/diagnostics.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

// Appends `count` nodes of one kind; returns the first one's id.
NodeId AddNodes(NodeKind kind, const std::string& name, int64_t count,
                Topology* topology) {
  const NodeId first(static_cast<int64_t>(topology->nodes.size()));
  for (int64_t i = 0; i < count; ++i) {
    topology->nodes.push_back({kind, i, name + std::to_string(i)});
  }
  return first;
}

void AddLink(NodeId a, NodeId b, const LinkConfig& link,
             const QueueConfig& queue, Topology* topology) {
  topology->links.push_back({a, b, link.rate, link.delay, queue});
}

// Every leaf is linked to every spine; host i is at leaf i / hosts_per_leaf.
Topology BuildLeafSpine(const TopologyConfig& config) {
  Topology topology;
  const NodeId host =
      AddNodes(NodeKind::kHost, "host", config.leaves * config.hosts_per_leaf,
               &topology);
  const NodeId leaf =
      AddNodes(NodeKind::kLeaf, "leaf", config.leaves, &topology);
  const NodeId spine =
      AddNodes(NodeKind::kSpine, "spine", config.spines, &topology);
  for (int64_t i = 0; i < config.leaves * config.hosts_per_leaf; ++i) {
    AddLink(host + NodeId(i), leaf + NodeId(i / config.hosts_per_leaf),
            config.host_link, config.queue, &topology);
  }
  for (int64_t i = 0; i < config.leaves; ++i) {
    for (int64_t j = 0; j < config.spines; ++j) {
      AddLink(leaf + NodeId(i), spine + NodeId(j), config.fabric_link,
              config.queue, &topology);
    }
  }
  return topology;
}

Topology BuildBackToBack(const TopologyConfig& config) {
  Topology topology;
  const NodeId host = AddNodes(NodeKind::kHost, "host", 2, &topology);
  AddLink(host, host + NodeId(1), config.host_link, config.queue, &topology);
  return topology;
}

void CheckAtLeastOne(const char* key, int64_t value) {
  if (value < 1) {
    throw InputError(fmt::format("topology.{}: {} is below 1", key, value));
  }
}

}  // namespace

int64_t Topology::CountHosts() const {
  int64_t count = 0;
  for (const TopologyNode& n : nodes) count += n.kind == NodeKind::kHost;
  return count;
}

const TopologyNode& Topology::node(NodeId id) const {
  return nodes.at(static_cast<size_t>(id.value()));
}

const TopologyLink& Topology::link(LinkId id) const {
  return links.at(static_cast<size_t>(id.value()));
}

NodeId Topology::Peer(LinkId id, NodeId from) const {
  const TopologyLink& l = link(id);
  AIRLOCK_CHECK(l.a == from || l.b == from, "node {} is not at link {}",
                from.value(), id.value());
  return l.a == from ? l.b : l.a;
}

NodeId Topology::AttachedTo(int64_t host_index) const {
  const NodeId host(host_index);
  for (const TopologyLink& l : links) {
    if (l.a == host) return l.b;
    if (l.b == host) return l.a;
  }
  AIRLOCK_CHECK(false, "host {} has no link", host_index);
  return host;
}

const std::vector<TopologyBuilder>& TopologyBuilders() {
  static const std::vector<TopologyBuilder> kBuilders = {
      {"leaf-spine", BuildLeafSpine,
       "every leaf switch linked to every spine, hosts at the leaves"},
      {"back-to-back", BuildBackToBack, "two hosts and one link"},
  };
  return kBuilders;
}

Topology BuildTopology(const TopologyConfig& config) {
  std::string known;
  for (const TopologyBuilder& builder : TopologyBuilders()) {
    if (config.kind != builder.name) {
      known += std::string(known.empty() ? "" : ", ") + builder.name;
      continue;
    }
    CheckAtLeastOne("leaves", config.leaves);
    CheckAtLeastOne("spines", config.spines);
    CheckAtLeastOne("hosts_per_leaf", config.hosts_per_leaf);
    return builder.build(config);
  }
  throw InputError("topology.kind: '" + config.kind +
                   "' is not a topology; known: " + known);
}

}  // namespace airlock
