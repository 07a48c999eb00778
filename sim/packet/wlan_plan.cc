#include "sim/packet/wlan_plan.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "sim/base/error.h"
#include "sim/scenario/wlan_layout.h"
#include "sim/telemetry/wlan_columns.h"

namespace airlock {
namespace {

// What an action says of one access point.
struct Wish {
  std::optional<double> channel;
  std::optional<double> width_hz;
};

std::string Join(const std::vector<int64_t>& numbers) {
  std::string text;
  for (const int64_t number : numbers) {
    text += (text.empty() ? "" : ", ") + std::to_string(number);
  }
  return text;
}

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

// One access point of a plan.
class PlanEntry {
 public:
  PlanEntry(const WlanConfig& config, const AccessPointConfig& ap,
            const OperatingChannel& now)
      : config_(config), ap_(ap), now_(now) {}

  OperatingChannel Read(const Wish& wish) const {
    int64_t width_mhz = now_.width_mhz;
    if (wish.width_hz) {
      width_mhz = ReadWidthMhz(WidthSettingName(ap_.name), *wish.width_hz);
    }
    int64_t primary = now_.primary;
    if (wish.channel) {
      primary = ReadNumber(ChannelSettingName(ap_.name), *wish.channel);
    }
    if (primary == now_.primary && width_mhz == now_.width_mhz) return now_;
    return Check(primary, width_mhz);
  }

 private:
  OperatingChannel Check(int64_t primary, int64_t width_mhz) const {
    const WlanRegion& region = FindWlanRegion(config_.region);
    const std::string& standard = StandardOf(config_, ap_);
    const std::string allowed = Join(AllowedPrimaries(
        region, config_.dfs, standard, width_mhz, now_.primary));
    auto refuse = [&](const std::string& why) {
      throw InputError(
          fmt::format("'{}' = {} at {} MHz: {}; {}",
                      ChannelSettingName(ap_.name), primary, width_mhz, why,
                      allowed.empty() ? "there are no channels of that width"
                                      : "allowed are " + allowed));
    };
    if (In24GhzBand(primary) != In24GhzBand(now_.primary)) {
      refuse("an access point stays in its band");
    }
    const auto channel = ChannelOfPrimary(standard, width_mhz, primary);
    if (!channel) refuse(standard + " has no such channel");
    const auto forbidden = ForbiddenPart(region, config_.dfs, *channel);
    if (forbidden) {
      refuse(fmt::format("channel {} is not allowed in region {}{}", *forbidden,
                         region.name, config_.dfs ? "" : " without dfs"));
    }
    if (width_mhz != now_.width_mhz) CheckWidth(standard, width_mhz);
    return *channel;
  }

  void CheckWidth(const std::string& standard, int64_t width_mhz) const {
    const std::string setting = WidthSettingName(ap_.name);
    if (config_.max_width &&
        1e6 * static_cast<double>(width_mhz) > config_.max_width->value()) {
      throw InputError(
          fmt::format("'{}': {} MHz is more than the max_width of "
                      "{}",
                      setting, width_mhz, ToString(*config_.max_width)));
    }
    if (config_.rate_control == "minstrel") {
      throw InputError(fmt::format(
          "'{}': a width cannot change under rate_control: minstrel, which "
          "keeps to the rates of the old one; use ideal or constant",
          setting));
    }
    const int64_t highest = HighestMcs(standard, width_mhz);
    if (config_.rate_control == "constant" && config_.mcs > highest) {
      throw InputError(fmt::format(
          "'{}': {} has no modulation index {} at {} MHz; allowed are 0 to {}",
          setting, standard, config_.mcs, width_mhz, highest));
    }
  }

  const WlanConfig& config_;
  const AccessPointConfig& ap_;
  const OperatingChannel& now_;
};

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
        PlanEntry(config, config.access_points[i], now[i]).Read(wishes[i]));
  }
  return plan;
}

}  // namespace airlock
