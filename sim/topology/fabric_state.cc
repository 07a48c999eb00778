#include "sim/topology/fabric_state.h"

#include <algorithm>
#include <set>

#include "sim/topology/paths.h"

namespace airlock {

std::vector<LinkId> LinksOf(const Topology& topology,
                            const std::string& element) {
  std::vector<LinkId> links;
  for (size_t i = 0; i < topology.links.size(); ++i) {
    const TopologyLink& link = topology.links[i];
    const std::string& a = topology.node(link.a).name;
    const std::string& b = topology.node(link.b).name;
    const bool of_node = element == a || element == b;
    if (of_node || element == a + "-" + b || element == b + "-" + a) {
      links.push_back(LinkId(static_cast<int64_t>(i)));
    }
  }
  return links;
}

FabricState StateAt(const Topology& topology,
                    const std::vector<FailureConfig>& failures, SimTime time) {
  FabricState state;
  state.up.assign(topology.links.size(), true);
  for (const TopologyLink& link : topology.links) {
    state.rate.push_back(link.rate);
  }
  for (const FailureConfig& failure : failures) {
    if (time < failure.time) continue;
    if (failure.repair && time >= *failure.repair) continue;
    for (LinkId id : LinksOf(topology, failure.element)) {
      const size_t link = static_cast<size_t>(id.value());
      if (failure.rate) {
        state.rate[link] = std::min(state.rate[link], *failure.rate);
      } else {
        state.up[link] = false;
      }
    }
  }
  return state;
}

std::vector<SimTime> ChangesOf(const std::vector<FailureConfig>& failures) {
  std::set<SimTime> times;
  for (const FailureConfig& failure : failures) {
    times.insert(failure.time);
    if (failure.repair) times.insert(*failure.repair);
  }
  return {times.begin(), times.end()};
}

Topology WhatIsUp(const Topology& topology, const FabricState& state,
                  std::vector<LinkId>* kept) {
  Topology left;
  left.nodes = topology.nodes;
  kept->clear();
  for (size_t i = 0; i < topology.links.size(); ++i) {
    if (!state.up[i]) continue;
    left.links.push_back(topology.links[i]);
    left.links.back().rate = state.rate[i];
    kept->push_back(LinkId(static_cast<int64_t>(i)));
  }
  return left;
}

std::vector<std::string> HostsCutOff(const Topology& topology,
                                     const FabricState& state) {
  std::vector<LinkId> kept;
  const Topology left = WhatIsUp(topology, state, &kept);
  const std::vector<int64_t> hops = HopsTo(left, NodeId(0));
  for (int64_t host = 1; host < left.CountHosts(); ++host) {
    if (hops[static_cast<size_t>(host)] >= 0) continue;
    return {left.node(NodeId(0)).name, left.node(NodeId(host)).name};
  }
  return {};
}

}  // namespace airlock
