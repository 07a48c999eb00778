#pragma once

#include <vector>

#include "sim/topology/topology.h"

namespace airlock {

// Whether every node reaches every other.
bool IsConnected(const Topology& topology);

// Links from each node to `destination`, in hops; -1 where there is no path.
std::vector<int64_t> HopsTo(const Topology& topology, NodeId destination);

// For each node the links that begin a shortest path (in hops) to
// `destination`, by increasing LinkId: the equal-cost next hops. Empty for the
// destination itself and where there is no path.
std::vector<std::vector<LinkId>> NextLinksTo(const Topology& topology,
                                             NodeId destination);

// The links of one shortest path from `from` to `to`: the first of the
// equal-cost next hops at every node. Empty if from == to or there is none.
std::vector<LinkId> FirstShortestPath(const Topology& topology, NodeId from,
                                      NodeId to);

}  // namespace airlock
