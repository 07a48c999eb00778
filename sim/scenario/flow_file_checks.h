#pragma once

#include "sim/config/node.h"
#include "sim/scenario/scenario.h"

namespace airlock {

// Reads the files that `traffic` names and holds them against the topology.
// What is wrong in them is found where it stands, and at the key that names
// the file (`report`: of the whole scenario).
void CheckFlowFiles(const DatacentreConfig& datacentre, const Reporter& report,
                    Diagnostics* diagnostics);

}  // namespace airlock
