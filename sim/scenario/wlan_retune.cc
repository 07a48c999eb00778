#include "sim/scenario/wlan_retune.h"

#include <fmt/format.h>

#include <vector>

#include "sim/scenario/wlan_layout.h"

namespace airlock {
namespace {

std::optional<RetuneRefusal> RefuseChannel(const WlanConfig& wlan,
                                           const std::string& standard,
                                           const OperatingChannel& now,
                                           int64_t primary, int64_t width_mhz) {
  const WlanRegion& region = FindWlanRegion(wlan.region);
  const auto refuse = [&](const std::string& why) {
    const std::vector<int64_t> allowed =
        AllowedPrimaries(region, wlan.dfs, standard, width_mhz, now.primary);
    return RetuneRefusal{
        false, why,
        allowed.empty()
            ? "there are no channels of that width"
            : fmt::format("allowed are {}", fmt::join(allowed, ", "))};
  };
  if (In24GhzBand(primary) != In24GhzBand(now.primary)) {
    return refuse("an access point stays in its band");
  }
  const auto channel = ChannelOfPrimary(standard, width_mhz, primary);
  if (!channel) return refuse(standard + " has no such channel");
  const auto forbidden = ForbiddenPart(region, wlan.dfs, *channel);
  if (!forbidden) return std::nullopt;
  return refuse(fmt::format("channel {} is not allowed in region {}{}",
                            *forbidden, region.name,
                            wlan.dfs ? "" : " without dfs"));
}

std::optional<RetuneRefusal> RefuseWidth(const WlanConfig& wlan,
                                         const std::string& standard,
                                         int64_t width_mhz) {
  if (wlan.max_width &&
      1e6 * static_cast<double>(width_mhz) > wlan.max_width->value()) {
    return RetuneRefusal{true,
                         fmt::format("{} MHz is more than the max_width of {}",
                                     width_mhz, ToString(*wlan.max_width)),
                         ""};
  }
  if (wlan.rate_control == "minstrel") {
    return RetuneRefusal{true,
                         "a width cannot change under rate_control: minstrel, "
                         "which keeps to the rates of the old one",
                         "use ideal or constant"};
  }
  const int64_t highest = HighestMcs(standard, width_mhz);
  if (wlan.rate_control == "constant" && wlan.mcs > highest) {
    return RetuneRefusal{true,
                         fmt::format("{} has no modulation index {} at {} MHz",
                                     standard, wlan.mcs, width_mhz),
                         fmt::format("allowed are 0 to {}", highest)};
  }
  return std::nullopt;
}

}  // namespace

std::optional<RetuneRefusal> RefuseRetune(const WlanConfig& wlan,
                                          const AccessPointConfig& ap,
                                          const OperatingChannel& now,
                                          int64_t primary, int64_t width_mhz) {
  const std::string& standard = StandardOf(wlan, ap);
  if (primary == now.primary && width_mhz == now.width_mhz) return {};
  const auto refusal = RefuseChannel(wlan, standard, now, primary, width_mhz);
  if (refusal || width_mhz == now.width_mhz) return refusal;
  return RefuseWidth(wlan, standard, width_mhz);
}

}  // namespace airlock
