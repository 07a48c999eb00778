#pragma once

#include <vector>

#include "sim/topology/topology.h"

namespace airlock {

// The least capacity that must be taken away, in one direction, so that no path
// leads from any of `from` to any of `to` (disjoint, not empty): the maximum
// flow between them, by Boost's push-relabel.
Bandwidth MinimumCut(const Topology& topology, const std::vector<NodeId>& from,
                     const std::vector<NodeId>& to);

// What the first half of the hosts (by number) can send to the rest.
struct Bisection {
  Bandwidth hosts;              // the smaller of the halves' links
  Bandwidth rate;               // minimum cut between the halves
  double oversubscription = 1;  // hosts over rate
};
// At least two hosts.
Bisection BisectionOf(const Topology& topology);

// The most by which the links of a leaf's hosts exceed what the network carries
// from there to all other hosts; 1 where nothing is short.
double LeafOversubscription(const Topology& topology);

// For each node what it can carry to `destination` on shortest paths: the sum
// over its next links of the lesser of the link's rate and what is behind it
// (the weights of Zhou et al., "WCMP: weighted cost multipathing for improved
// fairness in data centers", EuroSys 2014, section 3). By node; that of
// `destination` itself is unlimited: infinity.
std::vector<double> CapacityTowards(const Topology& topology,
                                    NodeId destination);

}  // namespace airlock
