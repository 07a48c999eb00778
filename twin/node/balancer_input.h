#pragma once

#include <string>
#include <vector>

#include "twin/node/control_input.h"

namespace airlock {

// What those who set a pool's weights make of the columns of
// sim/collector/features.h: of one decision interval the sums of what counters
// counted, and the last of everything else. The check names: a column that they
// need and the source has not (n_flow_on, n_flow, n_fct and
// flow_duration_mean_decay of every server), a server that the pool has not.
InputRules BalancerInputRules(std::vector<std::string> servers);

}  // namespace airlock
