#include "sim/surrogate/airtime_scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"
#include "sim/scenario/wlan_channels.h"
#include "sim/scenario/wlan_generated.h"
#include "sim/scenario/wlan_layout.h"
#include "sim/scenario/wlan_propagation.h"
#include "sim/telemetry/wlan_columns.h"

namespace airlock {
namespace {

// A channel of the band that the WLAN is in.
int64_t BandOf(const WlanConfig& wlan) {
  if (!wlan.access_points.empty()) return wlan.access_points.front().channel;
  return wlan.generated && wlan.generated->band == "2.4GHz" ? 1 : 36;
}

double MaxWidth(const WlanConfig& wlan) {
  if (wlan.max_width) return wlan.max_width->value();
  double most = wlan.width.value();
  for (const AccessPointConfig& ap : wlan.access_points) {
    most = std::max(most, WidthOf(wlan, ap).value());
  }
  return most;
}

}  // namespace

AirtimeChoices ChoicesOf(const AirtimeConfig& airtime) {
  AirtimeChoices choices;
  choices.law = ParseOccupancyLaw(airtime.law);
  choices.threshold_dbm = airtime.threshold.value();
  choices.softness_db = airtime.softness_db;
  choices.own_load = airtime.own_load;
  choices.change_weight = airtime.change_weight;
  return choices;
}

ChannelTable AllowedChannels(const WlanConfig& wlan) {
  constexpr int64_t kNarrow = 20;
  const int64_t band = BandOf(wlan);
  std::vector<int> numbers;
  for (const int64_t number :
       AllowedPrimaries(FindWlanRegion(wlan.region), wlan.dfs, wlan.standard,
                        kNarrow, band)) {
    if (number != 14) numbers.push_back(static_cast<int>(number));
  }
  const int levels =
      In24GhzBand(band)
          ? 1
          : 1 + static_cast<int>(std::lround(std::log2(MaxWidth(wlan) / 20e6)));
  return ChannelTable(std::move(numbers), levels);
}

ChannelPlan PlanOf(const WlanConfig& wlan, const ChannelTable& table) {
  ChannelPlan plan;
  for (const AccessPointConfig& ap : wlan.access_points) {
    const auto channel = FindOperatingChannel(StandardOf(wlan, ap),
                                              WidthMhzOf(wlan, ap), ap.channel);
    AIRLOCK_CHECK(channel.has_value(), "{}", ap.name);
    try {
      plan.push_back(table.Parse(static_cast<double>(channel->primary),
                                 WidthOf(wlan, ap).value()));
    } catch (const InputError& error) {
      throw InputError("access point " + ap.name + ": " + error.what());
    }
  }
  return plan;
}

Eigen::MatrixXd RssiOf(const WlanConfig& wlan, int64_t seed) {
  const WlanPropagation propagation(wlan, seed);
  const auto& all = wlan.access_points;
  const Eigen::Index n = static_cast<Eigen::Index>(all.size());
  Eigen::MatrixXd rssi = Eigen::MatrixXd::Zero(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < n; ++j) {
      if (i != j) rssi(i, j) = propagation.RssiDbm(all[j], all[i]);
    }
  }
  return rssi;
}

Eigen::ArrayXd OfferedRates(const WlanConfig& wlan) {
  const auto& all = wlan.access_points;
  Eigen::ArrayXd rates = Eigen::ArrayXd::Zero(all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    for (const StationConfig& station : StationsOf(all[i])) {
      for (const WlanTraffic& flow : FlowsOf(wlan, all[i], station)) {
        const double directions = flow.direction == "both" ? 2 : 1;
        rates[i] += directions * flow.rate_per_station.value();
      }
    }
  }
  return rates;
}

ChannelPlan PlanFromSettings(const std::map<std::string, double>& settings,
                             const WlanConfig& wlan, const ChannelTable& table,
                             const ChannelPlan& present) {
  ChannelPlan plan = present;
  size_t used = 0;
  for (size_t i = 0; i < wlan.access_points.size(); ++i) {
    const AccessPointConfig& ap = wlan.access_points[i];
    const auto channel = settings.find(ChannelSettingName(ap.name));
    const auto width = settings.find(WidthSettingName(ap.name));
    used += (channel != settings.end()) + (width != settings.end());
    if (channel == settings.end() && width == settings.end()) continue;
    const double number = channel != settings.end()
                              ? channel->second
                              : table.Number(present[i].channel);
    const double width_hz = width != settings.end()
                                ? width->second
                                : ChannelTable::WidthHz(present[i].bonding);
    try {
      plan[i] = table.Parse(number, width_hz);
    } catch (const InputError& error) {
      throw InputError("access point " + ap.name + ": " + error.what());
    }
    const int64_t width_mhz = std::llround(width_hz / 1e6);
    if (ChannelOfPrimary(StandardOf(wlan, ap), width_mhz,
                         table.Number(plan[i].channel))) {
      continue;
    }
    throw InputError(
        fmt::format("access point {}: {} has no channel of {} MHz "
                    "around {}",
                    ap.name, StandardOf(wlan, ap), width_mhz, number));
  }
  if (used == settings.size()) return plan;
  for (const auto& [name, value] : settings) {
    const auto is_of = [&name = name](const AccessPointConfig& ap) {
      return name == ChannelSettingName(ap.name) ||
             name == WidthSettingName(ap.name);
    };
    const auto& all = wlan.access_points;
    if (std::any_of(all.begin(), all.end(), is_of)) continue;
    throw InputError(fmt::format(
        "there is no setting '{}' (of {}): a WLAN has NAME.channel and "
        "NAME.width, and the access points are {} and so on",
        name, value, all.front().name));
  }
  return plan;
}

WlanConfig WithAccessPoints(const WlanConfig& wlan, int64_t seed) {
  WlanConfig placed = wlan;
  if (!wlan.generated) return placed;
  placed.access_points = GenerateAccessPoints(wlan, seed);
  placed.generated.reset();
  return placed;
}

const std::vector<InstanceSet>& InstanceSets() {
  static const std::vector<InstanceSet> sets = {
      {"test", 1001, 16, 144, 25, "what results are reported on"},
      {"validation", 2001, 16, 144, 25, "what models are chosen by"},
  };
  return sets;
}

const InstanceSet& FindInstanceSet(const std::string& name) {
  std::vector<std::string> known;
  for (const InstanceSet& set : InstanceSets()) {
    if (name == set.name) return set;
    known.push_back(set.name);
  }
  throw InputError(
      fmt::format("there is no set of instances '{}'; known are "
                  "{}",
                  name, fmt::join(known, ", ")));
}

}  // namespace airlock
