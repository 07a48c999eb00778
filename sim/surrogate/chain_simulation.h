#pragma once

#include <memory>
#include <vector>

#include "sim/engine/scene.h"
#include "sim/scenario/resolve.h"
#include "sim/surrogate/chain_recursion.h"

namespace airlock {

// The service chain of a datacentre scenario without the fabric's other
// traffic: the links between source and server as plain queues (OfferedLinks),
// the functions packet by packet. On the same scenario, seed and replication it
// sees the same packets as the packet-level engine. Throws InputError if the
// scenario has no chain.
std::unique_ptr<Scene> CreateChainScene(const ResolvedScenario& scenario);

// The links that a chain's packets pass to reach the server: source host's
// link, up and down the fabric where the hosts have different leaves, server's
// link. An ECN queue drops UDP, which cannot be marked, at the threshold.
std::vector<LinkHop> ChainLinks(const TopologyConfig& topology,
                                const ChainConfig& chain);

}  // namespace airlock
