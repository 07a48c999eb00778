#pragma once

#include <string>
#include <vector>

#include "twin/node/control_input.h"

namespace airlock {

// What planners of channels make of the columns of
// sim/telemetry/wlan_columns.h: of one decision interval the mean of what was
// measured and the last of what is configured. The check names: a column that
// planners need and the source has not (channel, width and load of every access
// point; where there are several, who hears whom), an access point that the
// network has not.
InputRules ChannelInputRules(std::vector<std::string> access_points);

}  // namespace airlock
