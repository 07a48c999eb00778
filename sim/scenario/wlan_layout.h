#pragma once

#include <string>
#include <vector>

#include "sim/scenario/scenario.h"

// What a WLAN's access points and stations are once defaults are in place.
namespace airlock {

// The access point's own values, or else those of the WLAN.
Frequency WidthOf(const WlanConfig& wlan, const AccessPointConfig& ap);
int64_t WidthMhzOf(const WlanConfig& wlan, const AccessPointConfig& ap);
const std::string& StandardOf(const WlanConfig& wlan,
                              const AccessPointConfig& ap);
PowerDbm TransmitPowerOf(const WlanConfig& wlan, const AccessPointConfig& ap);

// Every station of an access point: those on the circle, named "0", "1", ...,
// from the east counterclockwise, then those placed by hand.
std::vector<StationConfig> StationsOf(const AccessPointConfig& ap);

// The flows of a station: its own, else its access point's, else the WLAN's.
std::vector<WlanTraffic> FlowsOf(const WlanConfig& wlan,
                                 const AccessPointConfig& ap,
                                 const StationConfig& station);

// Where a station is at `time` of the run, walking along its path.
Position PositionAt(const StationConfig& station, SimTime time);

// When each leg of the station's path ends.
std::vector<SimTime> ArrivalsOf(const StationConfig& station);

double Distance(const Position& a, const Position& b);  // metres

}  // namespace airlock
