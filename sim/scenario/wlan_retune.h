#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sim/scenario/scenario.h"
#include "sim/scenario/wlan_channels.h"

namespace airlock {

// Why a running access point may not change to another channel or width.
struct RetuneRefusal {
  bool of_width = false;  // else of the channel
  std::string why;
  std::string allowed;  // what may be asked for instead, or empty
};

// Whether an access point that is on `now` may change to the channel of
// `width_mhz` with the primary 20 MHz channel `primary`. It may not leave its
// band, what the standard, the region and the modulation have, and max_width;
// nor change its width under `minstrel`, which ns-3 3.37 does not tell of it.
std::optional<RetuneRefusal> RefuseRetune(const WlanConfig& wlan,
                                          const AccessPointConfig& ap,
                                          const OperatingChannel& now,
                                          int64_t primary, int64_t width_mhz);

}  // namespace airlock
