#pragma once

#include <vector>

#include "sim/topology/topology.h"

namespace airlock {

// The least capacity that must be taken away, in one direction, so that no path
// leads from any of `from` to any of `to` (disjoint, not empty): the maximum
// flow between them, by Boost's push-relabel.
Bandwidth MinimumCut(const Topology& topology, const std::vector<NodeId>& from,
                     const std::vector<NodeId>& to);

// What a fabric can carry, beside what its hosts can send.
struct FabricCapacity {
  Bandwidth hosts;      // all hosts' links
  Bandwidth bisection;  // cut between the first half of the hosts and the rest
  // Hosts' rates over what the network carries for them, 1 where nothing is
  // short: of one half to the other, and of the worst leaf to all others.
  double bisection_oversubscription = 1;
  double leaf_oversubscription = 1;
};
FabricCapacity CapacityOf(const Topology& topology);

// For each node what it can carry to `destination` on shortest paths: the sum
// over its next links of the lesser of the link's rate and what is behind it
// (the weights of Zhou et al., "WCMP: weighted cost multipathing for improved
// fairness in data centers", EuroSys 2014, section 3). By node; that of
// `destination` itself is unlimited: infinity.
std::vector<double> CapacityTowards(const Topology& topology,
                                    NodeId destination);

}  // namespace airlock
