#pragma once

#include <cstdint>

#include "sim/base/quantity.h"

namespace airlock {

struct NodeIdTag {};
struct LinkIdTag {};
struct FlowIdTag {};
struct ReplicationTag {};

using NodeId = Quantity<NodeIdTag, int64_t>;  // position in the topology
using LinkId = Quantity<LinkIdTag, int64_t>;  // position in the topology
using FlowId = Quantity<FlowIdTag, int64_t>;  // unique in one replication
using Replication = Quantity<ReplicationTag, int64_t>;  // 0, 1, 2, ...

}  // namespace airlock
