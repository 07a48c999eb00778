#pragma once

#include <vector>

#include "sim/topology/fabric_state.h"
#include "sim/topology/path_weights.h"

namespace airlock {

// A way on, and its share of the flows relative to the others' (> 0).
struct NextHop {
  LinkId link;
  double weight = 1;

  bool operator<(const NextHop& other) const {
    return link != other.link ? link < other.link : weight < other.weight;
  }
};

// Where one node sends packets for each host: nodes have few different sets of
// next hops, so a host has the number of its set. What a host sends leaves
// through its one link: its table has that set for all and no numbers.
struct ForwardingTable {
  std::vector<uint32_t> set_of_host;       // of a switch
  std::vector<std::vector<NextHop>> sets;  // of a switch, the first is empty
};

// The tables of all nodes over the equal-cost shortest paths (in hops) that
// `state` leaves. A next hop has its weight in `weights`, `by_capacity` times
// what it can carry to that host (capacity.h). Those of weight 0 are left out,
// but where there are no others: then all count alike.
std::vector<ForwardingTable> ForwardingTables(const Topology& topology,
                                              const FabricState& state,
                                              const PathWeights& weights,
                                              bool by_capacity);

}  // namespace airlock
