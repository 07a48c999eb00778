#include "sim/scenario/wlan_layout.h"

#include <cmath>

namespace airlock {
namespace {

// `share` of the way from `a` to `b`.
Position Between(const Position& a, const Position& b, double share) {
  return {Length(a.x.value() + share * (b.x.value() - a.x.value())),
          Length(a.y.value() + share * (b.y.value() - a.y.value()))};
}

SimTime WalkTime(const Position& from, const StationLeg& leg) {
  return FromSeconds(Distance(from, leg.to) / leg.speed.value());
}

}  // namespace

Frequency WidthOf(const WlanConfig& wlan, const AccessPointConfig& ap) {
  return ap.width.value_or(wlan.width);
}

int64_t WidthMhzOf(const WlanConfig& wlan, const AccessPointConfig& ap) {
  return std::llround(WidthOf(wlan, ap).value() * 1e-6);
}

const std::string& StandardOf(const WlanConfig& wlan,
                              const AccessPointConfig& ap) {
  return ap.standard ? *ap.standard : wlan.standard;
}

PowerDbm TransmitPowerOf(const WlanConfig& wlan, const AccessPointConfig& ap) {
  return ap.transmit_power.value_or(wlan.transmit_power);
}

std::vector<StationConfig> StationsOf(const AccessPointConfig& ap) {
  std::vector<StationConfig> stations;
  const int64_t circle = StationsOnCircle(ap);
  const double radius = ap.station_distance.value();
  for (int64_t i = 0; i < circle; ++i) {
    const double angle =
        2 * M_PI * static_cast<double>(i) / static_cast<double>(circle);
    StationConfig station;
    station.name = std::to_string(i);
    station.position.x =
        Length(ap.position.x.value() + radius * std::cos(angle));
    station.position.y =
        Length(ap.position.y.value() + radius * std::sin(angle));
    stations.push_back(station);
  }
  stations.insert(stations.end(), ap.placed_stations.begin(),
                  ap.placed_stations.end());
  return stations;
}

std::vector<WlanTraffic> FlowsOf(const WlanConfig& wlan,
                                 const AccessPointConfig& ap,
                                 const StationConfig& station) {
  if (!station.flows.empty()) return station.flows;
  if (!ap.flows.empty()) return ap.flows;
  return {wlan.traffic};
}

Position PositionAt(const StationConfig& station, SimTime time) {
  Position at = station.position;
  for (const StationLeg& leg : station.path) {
    if (time <= leg.time) break;
    const SimTime walk = WalkTime(at, leg);
    if (time < leg.time + walk) {
      return Between(at, leg.to, Seconds(time - leg.time) / Seconds(walk));
    }
    at = leg.to;
  }
  return at;
}

std::vector<SimTime> ArrivalsOf(const StationConfig& station) {
  std::vector<SimTime> arrivals;
  Position at = station.position;
  for (const StationLeg& leg : station.path) {
    arrivals.push_back(leg.time + WalkTime(at, leg));
    at = leg.to;
  }
  return arrivals;
}

double Distance(const Position& a, const Position& b) {
  const double x = a.x.value() - b.x.value();
  const double y = a.y.value() - b.y.value();
  return std::sqrt(x * x + y * y);
}

}  // namespace airlock
