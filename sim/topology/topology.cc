#include "sim/topology/topology.h"

#include <algorithm>

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

// Adds links with the queues that their ends have in `config`.
class Linker {
 public:
  Linker(const TopologyConfig& config, Topology* topology)
      : config_(config), topology_(topology) {}

  void Add(NodeId a, NodeId b, const LinkConfig& link) {
    const NodeKind kind_a = topology_->node(a).kind;
    const NodeKind kind_b = topology_->node(b).kind;
    topology_->links.push_back({a, b, link.rate, link.delay,
                                QueueOf(kind_a, kind_b),
                                QueueOf(kind_b, kind_a)});
  }

 private:
  const QueueConfig& QueueOf(NodeKind at, NodeKind towards) const {
    const bool on_host = at == NodeKind::kHost;
    const bool between_switches = !on_host && towards != NodeKind::kHost;
    if (on_host && config_.host_queue) return *config_.host_queue;
    if (between_switches && config_.fabric_queue) return *config_.fabric_queue;
    return config_.queue;
  }

  const TopologyConfig& config_;
  Topology* topology_;
};

// Every leaf is linked to every spine; host i is at leaf i / hosts_per_leaf.
Topology BuildLeafSpine(const TopologyConfig& config) {
  Topology topology;
  Linker linker(config, &topology);
  const NodeId host =
      AddNodes(NodeKind::kHost, "host", config.leaves * config.hosts_per_leaf,
               &topology);
  const NodeId leaf =
      AddNodes(NodeKind::kLeaf, "leaf", config.leaves, &topology);
  const NodeId spine =
      AddNodes(NodeKind::kSpine, "spine", config.spines, &topology);
  for (int64_t i = 0; i < config.leaves * config.hosts_per_leaf; ++i) {
    linker.Add(host + NodeId(i), leaf + NodeId(i / config.hosts_per_leaf),
               config.host_link);
  }
  for (int64_t i = 0; i < config.leaves; ++i) {
    for (int64_t j = 0; j < config.spines; ++j) {
      linker.Add(leaf + NodeId(i), spine + NodeId(j), config.fabric_link);
    }
  }
  return topology;
}

Topology BuildBackToBack(const TopologyConfig& config) {
  Topology topology;
  const NodeId host = AddNodes(NodeKind::kHost, "host", 2, &topology);
  Linker(config, &topology).Add(host, host + NodeId(1), config.host_link);
  return topology;
}

// Al-Fares, Loukissas and Vahdat, "A scalable, commodity data center network
// architecture", SIGCOMM 2008, section 2.2: k pods, in each k/2 edge switches
// with k/2 hosts and k/2 aggregation switches, all linked; aggregation switch j
// of a pod is linked to the core switches j k/2 to (j + 1) k/2 - 1.
Topology BuildFatTree(const TopologyConfig& config) {
  const int64_t k = config.switch_ports;
  if (k < 2 || k % 2 != 0) {
    throw InputError(
        fmt::format("topology.switch_ports: {} is not even and above 0", k));
  }
  const int64_t half = k / 2;
  Topology topology;
  Linker linker(config, &topology);
  const NodeId host =
      AddNodes(NodeKind::kHost, "host", k * half * half, &topology);
  const NodeId edge = AddNodes(NodeKind::kLeaf, "edge", k * half, &topology);
  const NodeId aggregation =
      AddNodes(NodeKind::kAggregation, "aggregation", k * half, &topology);
  const NodeId core =
      AddNodes(NodeKind::kSpine, "core", half * half, &topology);
  for (int64_t i = 0; i < k * half * half; ++i) {
    linker.Add(host + NodeId(i), edge + NodeId(i / half), config.host_link);
  }
  for (int64_t i = 0; i < k * half; ++i) {
    for (int64_t j = 0; j < half; ++j) {
      linker.Add(edge + NodeId(i), aggregation + NodeId(i / half * half + j),
                 config.fabric_link);
    }
  }
  for (int64_t i = 0; i < k * half; ++i) {
    for (int64_t j = 0; j < half; ++j) {
      linker.Add(aggregation + NodeId(i), core + NodeId(i % half * half + j),
                 config.core_link.value_or(config.fabric_link));
    }
  }
  return topology;
}

void CheckAtLeastOne(const char* key, int64_t value) {
  if (value < 1) {
    throw InputError(fmt::format("topology.{}: {} is below 1", key, value));
  }
}

}  // namespace

int64_t Topology::CountHosts() const {
  const auto end = std::find_if(
      nodes.begin(), nodes.end(),
      [](const TopologyNode& node) { return node.kind != NodeKind::kHost; });
  return end - nodes.begin();
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

LinkId Topology::LinkOf(int64_t host_index) const {
  const NodeId host(host_index);
  const auto has = [&](const TopologyLink& link) {
    return link.a == host || link.b == host;
  };
  // Builders begin with the hosts' links, in order.
  const size_t likely = static_cast<size_t>(host_index);
  if (likely < links.size() && has(links[likely])) return LinkId(host_index);
  for (size_t i = 0; i < links.size(); ++i) {
    if (has(links[i])) return LinkId(static_cast<int64_t>(i));
  }
  AIRLOCK_CHECK(false, "host {} has no link", host_index);
  return LinkId();
}

NodeId Topology::AttachedTo(int64_t host_index) const {
  return Peer(LinkOf(host_index), NodeId(host_index));
}

const std::vector<TopologyBuilder>& TopologyBuilders() {
  static const std::vector<TopologyBuilder> kBuilders = {
      {"leaf-spine", BuildLeafSpine,
       "every leaf switch linked to every spine, hosts at the leaves"},
      {"back-to-back", BuildBackToBack, "two hosts and one link"},
      {"fat-tree", BuildFatTree,
       "edge, aggregation and core of equal switches, k^3/4 hosts"},
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
