#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// The channels of IEEE 802.11-2020, annex E, by their numbers. Numbers to 14
// are in the 2.4 GHz band, where they overlap (5 MHz apart), others in the 5
// GHz band, where those of 20 MHz lie side by side.
namespace airlock {

// The numbers of the channels of `width_mhz` that `standard` has in the band of
// `channel`, ascending; empty if there are none.
std::vector<int64_t> WlanChannels(const std::string& standard,
                                  int64_t width_mhz, int64_t channel);

// The highest modulation index of a standard with one spatial stream: 7 for
// 802.11a (54 Mbit/s) and 802.11n; 9 for 802.11ac, but 8 at 20 MHz (IEEE
// 802.11-2020, table 21-29); 11 for 802.11ax.
int64_t HighestMcs(const std::string& standard, int64_t width_mhz);

// What a radio is tuned to.
struct OperatingChannel {
  int64_t number = 0;  // in the middle of the whole width
  int64_t width_mhz = 20;
  int64_t primary = 0;        // of the primary 20 MHz channel
  int64_t primary_index = 0;  // its place in the width, from below
};
bool operator==(const OperatingChannel& a, const OperatingChannel& b);
bool operator!=(const OperatingChannel& a, const OperatingChannel& b);

// The channel of `width_mhz` that a scenario's `number` means: the one of that
// number, whose lowest 20 MHz are the primary channel, or in the 5 GHz band the
// one that contains the 20 MHz channel of that number, which is then the
// primary one. Nothing if the standard has no such channel.
std::optional<OperatingChannel> FindOperatingChannel(
    const std::string& standard, int64_t width_mhz, int64_t number);

// The channel of `width_mhz` whose primary 20 MHz channel is `primary`. In the
// 2.4 GHz band the secondary channel lies above where there is room for it,
// else below. Nothing if the standard has no such channel.
std::optional<OperatingChannel> ChannelOfPrimary(const std::string& standard,
                                                 int64_t width_mhz,
                                                 int64_t primary);

bool In24GhzBand(int64_t channel);
// Centre of the channel of that number in Hz.
double ChannelFrequency(int64_t number);
// The numbers of the 20 MHz channels that it takes; in the 2.4 GHz band the
// primary and the secondary one.
std::vector<int64_t> PartsOf(const OperatingChannel& channel);

// Which channels a regulator opens to a WLAN. `EU`: operating classes 81, 115,
// 118 and 121 of table E-2 (without class 125, short-range devices); `US`:
// table E-1; `JP`: table E-3 without channel 14, of DSSS alone, and with 144,
// by which the ministry's ordinance of 11 July 2019 widened W56 to 5730 MHz;
// `any`: all that the standard has.
struct WlanRegion {
  const char* name;
  int64_t last_24ghz;             // channels 1 to this
  std::vector<int64_t> five_ghz;  // of 20 MHz
};
const std::vector<WlanRegion>& WlanRegions();
// Throws InputError with the known names.
const WlanRegion& FindWlanRegion(const std::string& name);

// Whether radars come first on this 20 MHz channel: 52 to 144.
bool IsRadarChannel(int64_t channel);

// The 20 MHz channel of `channel` that the region does not allow, or, without
// `dfs`, one of a radar; nothing: all are allowed.
std::optional<int64_t> ForbiddenPart(const WlanRegion& region, bool dfs,
                                     const OperatingChannel& channel);

// The primary channels of every allowed channel of `width_mhz` in the band of
// `channel`, ascending, each once: what a planner may choose from.
std::vector<int64_t> AllowedPrimaries(const WlanRegion& region, bool dfs,
                                      const std::string& standard,
                                      int64_t width_mhz, int64_t channel);

}  // namespace airlock
