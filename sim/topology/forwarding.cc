#include "sim/topology/forwarding.h"

#include <algorithm>
#include <map>

#include "sim/topology/capacity.h"
#include "sim/topology/paths.h"

namespace airlock {
namespace {

// Without hops of weight 0; alike where there are no others.
std::vector<NextHop> Usable(std::vector<NextHop> hops) {
  std::vector<NextHop> used;
  for (const NextHop& hop : hops) {
    if (hop.weight > 0) used.push_back(hop);
  }
  if (!used.empty()) return used;
  for (NextHop& hop : hops) hop.weight = 1;
  return hops;
}

// Fills the tables of all nodes, one destination after the other.
class TableFiller {
 public:
  TableFiller(const Topology& topology, const FabricState& state,
              const PathWeights& weights, bool by_capacity)
      : left_(WhatIsUp(topology, state, &link_of_)),
        weights_(weights),
        by_capacity_(by_capacity),
        hosts_(static_cast<size_t>(topology.CountHosts())),
        tables_(topology.nodes.size()),
        known_(topology.nodes.size()) {
    for (size_t node = 0; node < tables_.size(); ++node) {
      ForwardingTable& table = tables_[node];
      table.sets.emplace_back();
      known_[node][{}] = 0;
      if (node < hosts_) {
        table.sets[0].push_back({topology.LinkOf(static_cast<int64_t>(node))});
      } else {
        table.set_of_host.assign(hosts_, 0);
      }
    }
  }

  // The ways to `destination` become those of `hosts`.
  void Add(NodeId destination, const std::vector<NodeId>& hosts) {
    const auto next = NextLinksTo(left_, destination);
    std::vector<double> capacity;
    if (by_capacity_) capacity = CapacityTowards(left_, destination);
    for (size_t node = hosts_; node < tables_.size(); ++node) {
      const NodeId at(static_cast<int64_t>(node));
      std::vector<NextHop> hops;
      for (LinkId link : next[node]) {
        const LinkId id = link_of_[Index(link)];
        const double share = by_capacity_ ? Carried(at, link, capacity) : 1;
        hops.push_back({id, weights_.Of(at, id) * share});
      }
      const uint32_t set = SetOf(node, Usable(std::move(hops)));
      for (NodeId host : hosts) tables_[node].set_of_host[Index(host)] = set;
    }
  }

  std::vector<ForwardingTable> Take() { return std::move(tables_); }

 private:
  template <typename Id>
  static size_t Index(Id id) {
    return static_cast<size_t>(id.value());
  }

  double Carried(NodeId at, LinkId link,
                 const std::vector<double>& capacity) const {
    return std::min(static_cast<double>(left_.link(link).rate.value()),
                    capacity[Index(left_.Peer(link, at))]);
  }

  uint32_t SetOf(size_t node, const std::vector<NextHop>& hops) {
    ForwardingTable& table = tables_[node];
    const auto [known, is_new] =
        known_[node].insert({hops, static_cast<uint32_t>(table.sets.size())});
    if (is_new) table.sets.push_back(hops);
    return known->second;
  }

  std::vector<LinkId> link_of_;  // before left_, which fills it
  Topology left_;
  const PathWeights& weights_;
  bool by_capacity_;
  size_t hosts_;
  std::vector<ForwardingTable> tables_;
  std::vector<std::map<std::vector<NextHop>, uint32_t>> known_;
};

}  // namespace

std::vector<ForwardingTable> ForwardingTables(const Topology& topology,
                                              const FabricState& state,
                                              const PathWeights& weights,
                                              bool by_capacity) {
  TableFiller filler(topology, state, weights, by_capacity);
  // All hosts of a switch are reached alike from elsewhere; a host whose link
  // is down is reached as far as its switch.
  std::map<NodeId, std::vector<NodeId>> attached;
  for (int64_t i = 0; i < topology.CountHosts(); ++i) {
    attached[topology.AttachedTo(i)].push_back(NodeId(i));
  }
  for (const auto& [at, hosts] : attached) filler.Add(at, hosts);
  std::vector<ForwardingTable> tables = filler.Take();
  // The last link.
  for (const auto& [at, hosts] : attached) {
    ForwardingTable& last = tables[static_cast<size_t>(at.value())];
    if (last.set_of_host.empty()) continue;  // back to back
    for (NodeId host : hosts) {
      last.set_of_host[static_cast<size_t>(host.value())] =
          static_cast<uint32_t>(last.sets.size());
      last.sets.push_back({{topology.LinkOf(host.value()), 1}});
    }
  }
  return tables;
}

}  // namespace airlock
