#include "sim/scenario/wlan_channels.h"

#include <algorithm>

#include "sim/base/error.h"

namespace airlock {
namespace {

std::vector<int64_t> FiveGhzChannels(int64_t width_mhz) {
  switch (width_mhz) {
    case 20:
      return {36,  40,  44,  48,  52,  56,  60,  64,  100, 104, 108, 112, 116,
              120, 124, 128, 132, 136, 140, 144, 149, 153, 157, 161, 165};
    case 40:
      return {38, 46, 54, 62, 102, 110, 118, 126, 134, 142, 151, 159};
    case 80:
      return {42, 58, 106, 122, 138, 155};
    case 160:
      return {50, 114};
    default:
      return {};
  }
}

std::vector<int64_t> TwoGhzChannels(int64_t width_mhz) {
  switch (width_mhz) {
    case 20:
      return {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};
    case 40:
      return {3, 4, 5, 6, 7, 8, 9, 10, 11};
    default:
      return {};
  }
}

bool Contains(const std::vector<int64_t>& numbers, int64_t number) {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

const std::vector<int64_t>& ChannelsOf20Mhz() {
  static const std::vector<int64_t> numbers = FiveGhzChannels(20);
  return numbers;
}

// Numbers count in 5 MHz; from the middle of a width to that of its lowest 20
// MHz channel.
int64_t LowestPart(int64_t number, int64_t width_mhz) {
  return number - (width_mhz - 20) / 10;
}

}  // namespace

std::vector<int64_t> WlanChannels(const std::string& standard,
                                  int64_t width_mhz, int64_t channel) {
  if (standard == "802.11a" && width_mhz > 20) return {};
  if (standard == "802.11n" && width_mhz > 40) return {};
  if (channel > 14) return FiveGhzChannels(width_mhz);
  if (standard == "802.11a" || standard == "802.11ac") return {};
  return TwoGhzChannels(width_mhz);
}

int64_t HighestMcs(const std::string& standard, int64_t width_mhz) {
  if (standard == "802.11ac") return width_mhz == 20 ? 8 : 9;
  return standard == "802.11ax" ? 11 : 7;
}

bool operator==(const OperatingChannel& a, const OperatingChannel& b) {
  return a.number == b.number && a.width_mhz == b.width_mhz &&
         a.primary == b.primary && a.primary_index == b.primary_index;
}
bool operator!=(const OperatingChannel& a, const OperatingChannel& b) {
  return !(a == b);
}

std::optional<OperatingChannel> FindOperatingChannel(
    const std::string& standard, int64_t width_mhz, int64_t number) {
  if (Contains(WlanChannels(standard, width_mhz, number), number)) {
    return OperatingChannel{number, width_mhz, LowestPart(number, width_mhz),
                            0};
  }
  if (In24GhzBand(number)) return std::nullopt;
  return ChannelOfPrimary(standard, width_mhz, number);
}

std::optional<OperatingChannel> ChannelOfPrimary(const std::string& standard,
                                                 int64_t width_mhz,
                                                 int64_t primary) {
  const std::vector<int64_t> known = WlanChannels(standard, width_mhz, primary);
  if (In24GhzBand(primary) && width_mhz == 40) {
    if (Contains(known, primary + 2)) {
      return OperatingChannel{primary + 2, 40, primary, 0};
    }
    if (!Contains(known, primary - 2)) return std::nullopt;
    return OperatingChannel{primary - 2, 40, primary, 1};
  }
  for (const int64_t number : known) {
    const int64_t lowest = LowestPart(number, width_mhz);
    const int64_t above = primary - lowest;
    if (above < 0 || above % 4 != 0 || above / 4 >= width_mhz / 20) continue;
    return OperatingChannel{number, width_mhz, primary, above / 4};
  }
  return std::nullopt;
}

bool In24GhzBand(int64_t channel) { return channel <= 14; }

double ChannelFrequency(int64_t number) {
  if (number == 14) return 2484e6;
  const double start = In24GhzBand(number) ? 2407e6 : 5000e6;
  return start + 5e6 * static_cast<double>(number);
}

std::vector<int64_t> PartsOf(const OperatingChannel& channel) {
  std::vector<int64_t> parts;
  const int64_t lowest = LowestPart(channel.number, channel.width_mhz);
  for (int64_t i = 0; i < channel.width_mhz / 20; ++i) {
    parts.push_back(lowest + 4 * i);
  }
  return parts;
}

const std::vector<WlanRegion>& WlanRegions() {
  static const std::vector<WlanRegion> regions = {
      {"any", 13, ChannelsOf20Mhz()},
      {"EU",
       13,
       {36, 40, 44, 48, 52, 56, 60, 64, 100, 104, 108, 112, 116, 120, 124, 128,
        132, 136, 140}},
      {"US", 11, ChannelsOf20Mhz()},
      {"JP", 13, {36,  40,  44,  48,  52,  56,  60,  64,  100, 104,
                  108, 112, 116, 120, 124, 128, 132, 136, 140, 144}},
  };
  return regions;
}

const WlanRegion& FindWlanRegion(const std::string& name) {
  std::string known;
  for (const WlanRegion& region : WlanRegions()) {
    if (region.name == name) return region;
    known += (known.empty() ? "" : ", ") + std::string(region.name);
  }
  throw InputError("'" + name + "' is no region; known: " + known);
}

bool IsRadarChannel(int64_t channel) { return channel >= 52 && channel <= 144; }

std::optional<int64_t> ForbiddenPart(const WlanRegion& region, bool dfs,
                                     const OperatingChannel& channel) {
  for (const int64_t part : PartsOf(channel)) {
    const bool open = In24GhzBand(part) ? part <= region.last_24ghz
                                        : Contains(region.five_ghz, part);
    if (!open || (!dfs && IsRadarChannel(part))) return part;
  }
  return std::nullopt;
}

std::vector<int64_t> AllowedPrimaries(const WlanRegion& region, bool dfs,
                                      const std::string& standard,
                                      int64_t width_mhz, int64_t channel) {
  std::vector<int64_t> allowed;
  for (const int64_t primary : WlanChannels("802.11ax", 20, channel)) {
    const auto whole = ChannelOfPrimary(standard, width_mhz, primary);
    if (whole && !ForbiddenPart(region, dfs, *whole)) {
      allowed.push_back(primary);
    }
  }
  return allowed;
}

}  // namespace airlock
