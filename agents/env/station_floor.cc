#include "agents/env/station_floor.h"

#include "sim/scenario/wlan_layout.h"

namespace airlock {

std::vector<StationFloor> StationFloors(const WlanConfig& wlan) {
  std::vector<StationFloor> floors;
  for (const AccessPointConfig& ap : wlan.access_points) {
    const std::vector<StationConfig> stations = StationsOf(ap);
    for (const StationConfig& station : stations) {
      floors.push_back(
          {"station." + ap.name + "." + station.name + ".delivered_rate",
           "ap." + ap.name + ".offered_rate",
           1 / static_cast<double>(stations.size())});
    }
  }
  return floors;
}

double StarvingShare(const Observation& counters,
                     const std::vector<StationFloor>& floors) {
  constexpr double kFloor = 0.5;
  if (floors.empty()) return 0;
  double starving = 0;
  for (const StationFloor& floor : floors) {
    starving += counters.values.at(floor.delivered) <
                kFloor * floor.equal_share * counters.values.at(floor.offered);
  }
  return starving / static_cast<double>(floors.size());
}

}  // namespace airlock
