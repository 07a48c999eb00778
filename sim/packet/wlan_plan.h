#pragma once

#include <vector>

#include "sim/engine/simulation.h"
#include "sim/scenario/scenario.h"
#include "sim/scenario/wlan_channels.h"

// Private to sim/packet.
namespace airlock {

// What an action makes of the channels `now` of the access points, in the order
// of the configuration: one whole plan. Settings are NAME.channel, the IEEE
// number of the primary 20 MHz channel, and NAME.width in Hz; what is not
// mentioned stays. Throws InputError, naming the setting, what was found and
// what is allowed: for a setting or an access point that is not there, a number
// or width that the standard, the band, the region or the modulation does not
// have, more than max_width, another band than the present one, and a width
// that changes under `minstrel`, which ns-3 3.37 does not tell of it.
std::vector<OperatingChannel> ReadChannelPlan(
    const Action& action, const WlanConfig& config,
    const std::vector<OperatingChannel>& now);

}  // namespace airlock
