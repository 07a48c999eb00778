#pragma once

#include <string>
#include <vector>

#include "sim/topology/topology.h"

namespace airlock {

// What there is of a topology at some instant, by LinkId.
struct FabricState {
  std::vector<bool> up;
  std::vector<Bandwidth> rate;
};

// The links that `element` names: "leaf0-spine1" or "spine1-leaf0" one link,
// "spine1" all links of a node. Empty if there is none of that name.
std::vector<LinkId> LinksOf(const Topology& topology,
                            const std::string& element);

// Every element is as each of the failures that last at `time` (from `time`
// on, until before `repair`) leaves it: a link is up if none stops it, and has
// the lowest rate that any gives it. An element that is not there is ignored.
FabricState StateAt(const Topology& topology,
                    const std::vector<FailureConfig>& failures, SimTime time);

// The instants at which something fails or is repaired, in order.
std::vector<SimTime> ChangesOf(const std::vector<FailureConfig>& failures);

// The topology with the links that are up, at their rates. Node ids are those
// of `topology`; `kept` gets the LinkId there of each link here.
Topology WhatIsUp(const Topology& topology, const FabricState& state,
                  std::vector<LinkId>* kept);

// The names of two hosts between which no path is left; empty if there is one
// between all.
std::vector<std::string> HostsCutOff(const Topology& topology,
                                     const FabricState& state);

}  // namespace airlock
