#include "sim/scenario/wlan_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "sim/scenario/wlan_channels.h"
#include "sim/scenario/wlan_layout.h"
#include "sim/scenario/wlan_propagation.h"

namespace airlock {
namespace {

bool IsGuardInterval(SimTime time) {
  return time == SimTime(800) || time == SimTime(1600) || time == SimTime(3200);
}

bool SamePlace(const Position& a, const Position& b) {
  return a.x == b.x && a.y == b.y;
}

std::string JoinNumbers(const std::vector<int64_t>& numbers) {
  return fmt::format("{}", fmt::join(numbers, ", "));
}

std::string ApKey(size_t i, const char* key) {
  return fmt::format("access_points.{}.{}", i, key);
}

// The numbers that an access point in this band may have.
std::vector<int64_t> AllowedNumbers(const WlanConfig& wlan,
                                    const std::string& standard,
                                    int64_t width_mhz, int64_t channel) {
  std::vector<int64_t> allowed;
  for (const int64_t number : WlanChannels(standard, width_mhz, channel)) {
    const auto found = FindOperatingChannel(standard, width_mhz, number);
    if (!ForbiddenPart(FindWlanRegion(wlan.region), wlan.dfs, *found)) {
      allowed.push_back(number);
    }
  }
  return allowed;
}

void CheckChannel(const WlanConfig& wlan, const AccessPointConfig& ap,
                  const std::string& key, const Reporter& report) {
  const std::string& standard = StandardOf(wlan, ap);
  const int64_t width_mhz = WidthMhzOf(wlan, ap);
  const std::vector<int64_t> allowed =
      AllowedNumbers(wlan, standard, width_mhz, ap.channel);
  const std::string hint = allowed.empty()
                               ? "this band has none of that width"
                               : "write one of " + JoinNumbers(allowed);
  const auto channel = FindOperatingChannel(standard, width_mhz, ap.channel);
  if (!channel) {
    const bool alone =
        width_mhz > 20 && !allowed.empty() &&
        FindOperatingChannel(standard, 20, ap.channel).has_value();
    report.Error(key,
                 alone ? fmt::format("{} MHz around channel {} would leave the "
                                     "band",
                                     width_mhz, ap.channel)
                       : fmt::format("{} has no channel {} of {} MHz", standard,
                                     ap.channel, width_mhz),
                 hint);
    return;
  }
  const auto part =
      ForbiddenPart(FindWlanRegion(wlan.region), wlan.dfs, *channel);
  if (!part) return;
  const bool radar =
      !ForbiddenPart(FindWlanRegion(wlan.region), true, *channel);
  report.Error(
      key,
      radar ? fmt::format("channel {} is shared with radars, and dfs is false",
                          *part)
            : fmt::format("{} does not allow channel {}", wlan.region, *part),
      hint);
}

// At which power the weaker of the two directions arrives, on the average.
double WeakerRssi(const WlanConfig& wlan, const AccessPointConfig& ap,
                  const Position& station) {
  const WlanPropagation propagation(wlan, 0);
  const double power =
      std::min(TransmitPowerOf(wlan, ap).value(), wlan.transmit_power.value());
  return power -
         propagation.PathLossDb(ap.position, station, In24GhzBand(ap.channel));
}

}  // namespace

bool IsChannelWidth(Frequency width) {
  for (const double mhz : {20, 40, 80, 160}) {
    if (width == Frequency(mhz * 1e6)) return true;
  }
  return false;
}

bool CheckChannelWidth(const std::string& key, Frequency width,
                       const Reporter& report) {
  if (IsChannelWidth(width)) return true;
  report.Error(key, ToString(width) + " is not a channel width",
               "write 20MHz, 40MHz, 80MHz or 160MHz");
  return false;
}

void CheckWall(const WallConfig& wall, const Reporter& report) {
  if (SamePlace(wall.from, wall.to)) {
    report.Error("to", "is where the wall begins", "write another position");
  }
}

namespace {

// Reports numbers that no 20 MHz channel has, and those that come twice.
void CheckTwentyMhzChannels(const std::string& key,
                            const std::vector<int64_t>& numbers,
                            const Reporter& report) {
  std::set<int64_t> seen;
  for (size_t i = 0; i < numbers.size(); ++i) {
    const int64_t number = numbers[i];
    const std::vector<int64_t> known = WlanChannels("802.11ax", 20, number);
    if (std::find(known.begin(), known.end(), number) == known.end()) {
      report.Error(fmt::format("{}.{}", key, i),
                   fmt::format("there is no channel {} of 20 MHz", number),
                   "write one of " + JoinNumbers(known));
    }
    if (!seen.insert(number).second) {
      report.Error(fmt::format("{}.{}", key, i),
                   fmt::format("channel {} is there twice", number));
    }
  }
}

}  // namespace

void CheckSensedChannels(const AccessPointConfig& ap, const Reporter& report) {
  CheckTwentyMhzChannels("sensed_channels", ap.sensed_channels, report);
}

void CheckInterferer(const InterfererConfig& interferer,
                     const Reporter& report) {
  CheckTwentyMhzChannels("sweep", interferer.sweep, report);
  for (size_t i = 1; i < interferer.sweep.size(); ++i) {
    if (In24GhzBand(interferer.sweep[i]) == In24GhzBand(interferer.sweep[0])) {
      continue;
    }
    report.Error(fmt::format("sweep.{}", i),
                 fmt::format("channel {} is in another band than channel {}",
                             interferer.sweep[i], interferer.sweep[0]),
                 "write two interferers");
  }
  if (!interferer.sweep.empty() &&
      interferer.dwell.value() % interferer.period.value() != 0) {
    report.Error(
        "dwell",
        fmt::format("{} is not a multiple of the period of {}",
                    ToString(interferer.dwell), ToString(interferer.period)));
  }
  if (interferer.bandwidth.value() >= 2 * interferer.frequency.value()) {
    report.Error("bandwidth", "reaches below 0Hz",
                 "write less than twice the frequency");
  }
}

void CheckInterferers(const WlanConfig& wlan, const Reporter& report) {
  for (size_t i = 0; i < wlan.access_points.size(); ++i) {
    if (wlan.phy == "spectrum") break;
    if (wlan.access_points[i].sensed_channels.empty()) continue;
    report.Error(ApKey(i, "sensed_channels"),
                 "phy '" + wlan.phy + "' has no spectrum to sense",
                 "write phy: spectrum, or leave them out");
  }
  if (wlan.phy == "spectrum" || wlan.interferers.empty()) return;
  report.Error("interferers", "phy '" + wlan.phy + "' hears no other signals",
               "write phy: spectrum, or leave them out");
}

void CheckStation(const StationConfig& station, const Reporter& report) {
  if (station.leave && *station.leave <= station.join) {
    report.Error("leave",
                 fmt::format("{} is not after it joins, at {}",
                             ToString(*station.leave), ToString(station.join)));
  }
  const std::vector<SimTime> arrivals = ArrivalsOf(station);
  for (size_t i = 1; i < arrivals.size(); ++i) {
    if (station.path[i].time >= arrivals[i - 1]) continue;
    report.Error(fmt::format("path.{}.time", i),
                 fmt::format("it is still on its way, until {}",
                             ToString(arrivals[i - 1])),
                 "write a later time, or a higher speed before");
  }
}

void CheckStations(const AccessPointConfig& ap, const Reporter& report) {
  const std::vector<StationConfig> all = StationsOf(ap);
  constexpr size_t kMost = 253;  // addresses of a subnet
  if (all.empty()) {
    report.Error("stations", "an access point without stations",
                 "write at least 1, or give placed_stations");
  } else if (all.size() > kMost) {
    report.Error("placed_stations",
                 fmt::format("makes {} stations", all.size()),
                 fmt::format("at most {} in all", kMost));
  }
  std::set<std::string> names;
  const size_t on_circle = all.size() - ap.placed_stations.size();
  for (size_t i = 0; i < all.size(); ++i) {
    if (names.insert(all[i].name).second || i < on_circle) continue;
    report.Error(
        fmt::format("placed_stations.{}.name", i - on_circle),
        fmt::format("there is another station '{}'", all[i].name),
        on_circle > 0 ? "those on the circle are named 0, 1, ..." : "");
  }
  for (size_t i = on_circle; i < all.size(); ++i) {
    if (!SamePlace(all[i].position, ap.position)) continue;
    report.Error(fmt::format("placed_stations.{}.position", i - on_circle),
                 "is where the access point stands");
  }
}

void CheckWidth(const WlanConfig& wlan, const Reporter& report) {
  CheckChannelWidth("width", wlan.width, report);
}

void CheckApWidth(const AccessPointConfig& ap, const Reporter& report) {
  if (ap.width) CheckChannelWidth("width", *ap.width, report);
}

void CheckChannels(const WlanConfig& wlan, const Reporter& report) {
  for (size_t i = 0; i < wlan.access_points.size(); ++i) {
    const AccessPointConfig& ap = wlan.access_points[i];
    if (!IsChannelWidth(WidthOf(wlan, ap))) continue;
    CheckChannel(wlan, ap, ApKey(i, "channel"), report);
  }
}

void CheckMcs(const WlanConfig& wlan, const Reporter& report) {
  if (wlan.rate_control != "constant") return;
  for (const AccessPointConfig& ap : wlan.access_points) {
    const std::string& standard = StandardOf(wlan, ap);
    const int64_t highest = HighestMcs(standard, WidthMhzOf(wlan, ap));
    if (wlan.mcs <= highest) continue;
    const std::string whose =
        ap.standard || ap.width ? fmt::format(" ('{}')", ap.name) : "";
    report.Error("mcs",
                 fmt::format("{}{} has no index {}", standard, whose, wlan.mcs),
                 fmt::format("write an integer from 0 to {}", highest));
    return;
  }
}

void CheckGuardInterval(const WlanConfig& wlan, const Reporter& report) {
  if (IsGuardInterval(wlan.guard_interval)) return;
  report.Error("guard_interval",
               ToString(wlan.guard_interval) + " is not a guard interval",
               "write 800ns, 1600ns or 3200ns");
}

void CheckGuardStandard(const WlanConfig& wlan, const Reporter& report) {
  const auto& all = wlan.access_points;
  const bool applies =
      all.empty() ? wlan.standard == "802.11ax" :  // generated later
          std::any_of(all.begin(), all.end(), [&](const AccessPointConfig& ap) {
            return StandardOf(wlan, ap) == "802.11ax";
          });
  if (applies || !IsGuardInterval(wlan.guard_interval)) return;
  if (wlan.guard_interval == SimTime(3200)) return;
  report.Error("guard_interval", "applies to 802.11ax only",
               "leave it out, or write standard: 802.11ax");
}

void CheckBeaconInterval(const WlanConfig& wlan, const Reporter& report) {
  if (wlan.beacon_interval.value() % 1024000 == 0) return;
  report.Error("beacon_interval",
               ToString(wlan.beacon_interval) + " is no multiple of 1024us",
               "write 102400us, for example");
}

void CheckPlaces(const WlanConfig& wlan, const Reporter& report) {
  const auto& all = wlan.access_points;
  for (size_t i = 0; i < all.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      const bool one_site =
          In24GhzBand(all[i].channel) != In24GhzBand(all[j].channel);
      if (one_site || !SamePlace(all[i].position, all[j].position)) continue;
      report.Error(ApKey(i, "position"),
                   fmt::format("'{}' stands where '{}' stands", all[i].name,
                               all[j].name));
      break;
    }
  }
}

void CheckRange(const WlanConfig& wlan, const Reporter& report) {
  for (size_t i = 0; i < wlan.access_points.size(); ++i) {
    const AccessPointConfig& ap = wlan.access_points[i];
    const std::vector<StationConfig> all = StationsOf(ap);
    const size_t on_circle = all.size() - ap.placed_stations.size();
    for (size_t s = 0; s < all.size(); ++s) {
      const Position place = PositionAt(all[s], all[s].join);
      const double rssi = WeakerRssi(wlan, ap, place);
      if (rssi >= kPreambleThreshold.value()) continue;
      const bool placed = s >= on_circle;
      report.Error(
          placed ? ApKey(i, "placed_stations.") +
                       fmt::format("{}.position", s - on_circle)
                 : ApKey(i, "station_distance"),
          fmt::format("station '{}.{}' is out of range: {:.0f} m from its "
                      "access point it hears, or is heard at, {:.1f} dBm",
                      ap.name, all[s].name, Distance(ap.position, place), rssi),
          fmt::format("a preamble needs {}", ToString(kPreambleThreshold)));
      if (!placed) s = on_circle == 0 ? s : on_circle - 1;
    }
  }
}

void CheckWlanLoad(const WlanConfig& wlan, const Reporter& report) {
  const WlanLoad& load = wlan.load;
  if (load.profile == "trace" && load.trace.empty()) {
    report.Error("load.trace", "profile 'trace' needs the file of a trace");
  } else if (load.profile != "trace" && !load.trace.empty()) {
    report.Error("load.profile",
                 "'" + load.profile + "' does not use the given trace",
                 "write trace");
  }
  if (load.profile == "constant") return;
  for (const AccessPointConfig& ap : wlan.access_points) {
    for (const StationConfig& station : StationsOf(ap)) {
      for (const WlanTraffic& flow : FlowsOf(wlan, ap, station)) {
        if (!flow.saturated) continue;
        report.Error("load.profile",
                     fmt::format("the senders of '{}.{}' are saturated: they "
                                 "follow no profile",
                                 ap.name, station.name),
                     "write constant, or saturated: false");
        return;
      }
    }
  }
}

namespace {

// What never comes in the run.
void CheckStationTimes(const StationConfig& station, const std::string& key,
                       SimTime end, const Reporter& report) {
  const std::string where =
      fmt::format(" is not within the run of {}", ToString(end));
  if (station.join >= end) {
    report.Error(key + ".join", ToString(station.join) + where,
                 "write an earlier time, or leave the station out");
    return;
  }
  if (station.leave && *station.leave >= end) {
    report.Warning(key + ".leave",
                   ToString(*station.leave) + where + ": it stays");
  }
  for (size_t i = 0; i < station.path.size(); ++i) {
    if (station.path[i].time < end) continue;
    report.Warning(fmt::format("{}.path.{}.time", key, i),
                   ToString(station.path[i].time) + where + ": it stays");
    return;
  }
}

}  // namespace

void CheckWlanTimes(const Scenario& scenario, const Reporter& report) {
  if (!scenario.wlan || scenario.run.engine != "packet") return;
  const WlanConfig& wlan = *scenario.wlan;
  const SimTime end = scenario.run.duration;
  for (size_t i = 0; i < wlan.access_points.size(); ++i) {
    const auto& placed = wlan.access_points[i].placed_stations;
    for (size_t s = 0; s < placed.size(); ++s) {
      CheckStationTimes(
          placed[s], "wlan." + ApKey(i, "placed_stations.") + std::to_string(s),
          end, report);
    }
  }
  if (wlan.load.profile == "constant" || wlan.load.slot < end) return;
  report.Warning("wlan.load.slot",
                 fmt::format("{} is not shorter than the run of {}: the loads "
                             "never change",
                             ToString(wlan.load.slot), ToString(end)));
}

}  // namespace airlock
