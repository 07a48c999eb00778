#include "sim/packet/wlan_plan.h"

#include <cmath>
#include <optional>
#include <string>

#include "sim/base/error.h"
#include "sim/scenario/wlan_layout.h"
#include "sim/scenario/wlan_retune.h"
#include "sim/telemetry/wlan_columns.h"

namespace airlock {
namespace {

// What an action says of one access point.
struct Wish {
  std::optional<double> channel;
  std::optional<double> width_hz;
};

// The access point that the setting is of, and which of the two it is.
void ReadSetting(const std::string& setting, double value,
                 const WlanConfig& config, std::vector<Wish>* wishes) {
  std::string names;
  for (size_t i = 0; i < config.access_points.size(); ++i) {
    const std::string& name = config.access_points[i].name;
    names += (names.empty() ? "" : ", ") + name;
    if (setting == ChannelSettingName(name)) {
      (*wishes)[i].channel = value;
      return;
    }
    if (setting == WidthSettingName(name)) {
      (*wishes)[i].width_hz = value;
      return;
    }
  }
  throw InputError(fmt::format(
      "'{}': no such setting of this WLAN; there are NAME.channel and "
      "NAME.width, and the access points {}",
      setting, names));
}

int64_t ReadWidthMhz(const std::string& setting, double hz) {
  for (const int64_t mhz : {20, 40, 80, 160}) {
    if (hz == 1e6 * static_cast<double>(mhz)) return mhz;
  }
  throw InputError(fmt::format(
      "'{}': {} Hz is no channel width; allowed are 20e6, 40e6, 80e6 and 160e6",
      setting, hz));
}

int64_t ReadNumber(const std::string& setting, double number) {
  if (std::isfinite(number) && number == std::round(number) && number >= 1 &&
      number <= 196) {
    return std::llround(number);
  }
  throw InputError(fmt::format(
      "'{}': {} is no channel; write the IEEE number of a 20 MHz channel",
      setting, number));
}

// What one access point comes to.
OperatingChannel ReadWish(const WlanConfig& config, const AccessPointConfig& ap,
                          const OperatingChannel& now, const Wish& wish) {
  const int64_t width_mhz =
      wish.width_hz ? ReadWidthMhz(WidthSettingName(ap.name), *wish.width_hz)
                    : now.width_mhz;
  const int64_t primary =
      wish.channel ? ReadNumber(ChannelSettingName(ap.name), *wish.channel)
                   : now.primary;
  if (primary == now.primary && width_mhz == now.width_mhz) return now;
  const auto refusal = RefuseRetune(config, ap, now, primary, width_mhz);
  if (!refusal) {
    return *ChannelOfPrimary(StandardOf(config, ap), width_mhz, primary);
  }
  const std::string what =
      refusal->of_width
          ? fmt::format("'{}'", WidthSettingName(ap.name))
          : fmt::format("'{}' = {} at {} MHz", ChannelSettingName(ap.name),
                        primary, width_mhz);
  throw InputError(fmt::format("{}: {}{}{}", what, refusal->why,
                               refusal->allowed.empty() ? "" : "; ",
                               refusal->allowed));
}

}  // namespace

std::vector<OperatingChannel> ReadChannelPlan(
    const Action& action, const WlanConfig& config,
    const std::vector<OperatingChannel>& now) {
  AIRLOCK_CHECK(now.size() == config.access_points.size(), "{}", now.size());
  std::vector<Wish> wishes(now.size());
  for (const auto& [setting, value] : action.settings) {
    ReadSetting(setting, value, config, &wishes);
  }
  std::vector<OperatingChannel> plan;
  for (size_t i = 0; i < now.size(); ++i) {
    plan.push_back(
        ReadWish(config, config.access_points[i], now[i], wishes[i]));
  }
  return plan;
}

}  // namespace airlock
