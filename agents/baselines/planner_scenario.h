#pragma once

#include <string>
#include <vector>

#include "agents/baselines/channel_planner.h"
#include "agents/baselines/planner_controller.h"
#include "agents/safety/shield_rules.h"
#include "sim/base/ids.h"
#include "sim/scenario/scenario.h"

// What a channel planner is told about a scenario, on either engine. The
// scenario has been resolved and has a WLAN.
namespace airlock {

// The network of this replication: its own, where a resolved scenario still
// says `wlan.generated`.
WlanConfig NetworkOf(const Scenario& scenario, Replication replication);

// The channels that region and standard allow, `wlan.airtime` as the model, a
// slot as long as the interval between decisions. Draws come from the stream
// "agent/NAME".
PlannerSetup PlannerSetupOf(const std::string& name, const Scenario& scenario,
                            Replication replication);

// Of a WLAN in both bands: its access points of each band, which do not disturb
// those of the other. The band of the first access point comes first; one
// element where there is one band.
std::vector<Scenario> BandsOf(const Scenario& scenario,
                              Replication replication);

// How far the standard of each access point bonds channels of 20 MHz.
PlannerController::Radios RadiosOf(const Scenario& scenario,
                                   Replication replication);

// `controller.shield` of a scenario that has one, for access points of this
// band in the order of `access_points`.
ShieldLimits ShieldLimitsOf(const Scenario& scenario,
                            const PlannerController::Radios& radios,
                            const std::vector<std::string>& access_points);

// The loads to come, from the same course as the engine's ("wlan/load"): for
// planners that know the future. To be asked in the order of time.
PlannerController::FutureLoads FutureLoadsOf(const Scenario& scenario,
                                             Replication replication);

}  // namespace airlock
