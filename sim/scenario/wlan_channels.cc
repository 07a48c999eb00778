#include "sim/scenario/wlan_channels.h"

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

}  // namespace airlock
