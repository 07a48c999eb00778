#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace airlock {

// The numbers of the channels of `width_mhz` that `standard` has in the band of
// `channel` (numbers to 14 are in the 2.4 GHz band, others in the 5 GHz band),
// ascending; empty if there are none. IEEE 802.11-2020, annex E, and 802.11ax.
std::vector<int64_t> WlanChannels(const std::string& standard,
                                  int64_t width_mhz, int64_t channel);

// The highest modulation index of a standard with one spatial stream: 7 for
// 802.11a (54 Mbit/s) and 802.11n; 9 for 802.11ac, but 8 at 20 MHz (IEEE
// 802.11-2020, table 21-29); 11 for 802.11ax.
int64_t HighestMcs(const std::string& standard, int64_t width_mhz);

}  // namespace airlock
