#pragma once

#include <string>

#include "sim/config/node.h"
#include "sim/scenario/scenario.h"

// What must hold between the keys of a WLAN. Private to sim/scenario: checks of
// the structs' declarations, as in checks.h.
namespace airlock {

// One of 20, 40, 80 and 160 MHz.
bool IsChannelWidth(Frequency width);
// The same; reports an error at `key` otherwise.
bool CheckChannelWidth(const std::string& key, Frequency width,
                       const Reporter& report);

void CheckWall(const WallConfig& wall, const Reporter& report);
void CheckSensedChannels(const AccessPointConfig& ap, const Reporter& report);
void CheckInterferer(const InterfererConfig& interferer,
                     const Reporter& report);
void CheckInterferers(const WlanConfig& wlan, const Reporter& report);
void CheckStation(const StationConfig& station, const Reporter& report);
void CheckStations(const AccessPointConfig& ap, const Reporter& report);
void CheckApWidth(const AccessPointConfig& ap, const Reporter& report);
void CheckWidth(const WlanConfig& wlan, const Reporter& report);
void CheckChannels(const WlanConfig& wlan, const Reporter& report);
void CheckMcs(const WlanConfig& wlan, const Reporter& report);
void CheckGuardInterval(const WlanConfig& wlan, const Reporter& report);
void CheckGuardStandard(const WlanConfig& wlan, const Reporter& report);
void CheckBeaconInterval(const WlanConfig& wlan, const Reporter& report);
void CheckPlaces(const WlanConfig& wlan, const Reporter& report);
void CheckRange(const WlanConfig& wlan, const Reporter& report);
void CheckGenerated(const WlanConfig& wlan, const Reporter& report);
void CheckMaxWidth(const WlanConfig& wlan, const Reporter& report);
void CheckWlanLoad(const WlanConfig& wlan, const Reporter& report);
void CheckWlanTimes(const Scenario& scenario, const Reporter& report);
void CheckSchedule(const Scenario& scenario, const Reporter& report);
void CheckWhatIf(const Scenario& scenario, const Reporter& report);
void CheckShield(const Scenario& scenario, const Reporter& report);

}  // namespace airlock
