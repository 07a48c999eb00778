#pragma once

#include <vector>

#include "sim/packet/datacentre.h"

namespace airlock {

// A flow from one host to another that begins at `start` and never ends.
struct LongFlow {
  int64_t from = 0;
  int64_t to = 0;
  SimTime start;
};

// A pattern of TCP traffic.
struct WorkloadKind {
  const char* name;  // traffic.kind
  // The long-lived flows of a replication; nullptr for none.
  std::vector<LongFlow> (*long_flows)(const FabricWorkload& config,
                                      const DatacentreNetwork& network,
                                      const RngTree& rng,
                                      Replication replication);
  bool arrivals;  // flows of finite size arrive as a Poisson process
  const char* description;
};
const std::vector<WorkloadKind>& WorkloadKinds();
// Throws InputError with the known names.
const WorkloadKind& FindWorkload(const std::string& name);

// A random permutation of the hosts in which no host sends to itself nor, with
// several leaves, within its own leaf: the load must cross the fabric.
// `leaf_of` has a leaf for each host; all leaves have equally many, and there
// are at least two hosts.
std::vector<int64_t> CrossLeafPermutation(const std::vector<int64_t>& leaf_of,
                                          RngStream* stream);

}  // namespace airlock
