#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "sim/packet/datacentre.h"

namespace airlock {

// A TCP flow that begins at `start`.
struct NewFlow {
  SimTime start;
  int64_t from = 0;
  int64_t to = 0;
  std::optional<DataSize> size;  // none: never ends
  int64_t round = 0;             // of a workload in rounds
};

// The flows of a replication, one after the other.
class FlowSource {
 public:
  virtual ~FlowSource() = default;
  // Starts do not decrease. Nothing: there are no more.
  virtual std::optional<NewFlow> Next() = 0;
};

// A pattern of TCP traffic.
struct WorkloadKind {
  const char* name;  // traffic.kind
  // Takes random streams from `rng` by name; nullptr for no traffic. Throws
  // InputError where the network is not one for it.
  std::unique_ptr<FlowSource> (*create)(const FabricWorkload& config,
                                        const DatacentreNetwork& network,
                                        const RngTree& rng,
                                        Replication replication);
  bool in_rounds;  // all flows of `request` bytes, or without end
  const char* description;
};
const std::vector<WorkloadKind>& WorkloadKinds();
// Throws InputError with the known names.
const WorkloadKind& FindWorkload(const std::string& name);

// Whether the workload's flows end.
bool FlowsEnd(const WorkloadKind& kind, const FabricWorkload& config);
// Whether the load is meant to be stationary, so that a beginning may be left
// out: no list of flows, no single round, no failures on the way.
bool IsStationary(const WorkloadKind& kind, const DatacentreConfig& config);

// A random permutation of the hosts in which no host sends to itself nor, with
// several leaves, within its own leaf: the load must cross the fabric.
// `leaf_of` has a leaf for each host; all leaves have equally many, and there
// are at least two hosts.
std::vector<int64_t> CrossLeafPermutation(const std::vector<int64_t>& leaf_of,
                                          RngStream* stream);

}  // namespace airlock
