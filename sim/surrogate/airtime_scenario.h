#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/scenario/scenario.h"
#include "sim/surrogate/airtime_model.h"
#include "sim/surrogate/channel_table.h"

// The airtime model's view of a WLAN scenario, for the surrogate engine and for
// planners on either engine.
namespace airlock {

AirtimeChoices ChoicesOf(const AirtimeConfig& airtime);

// The 20 MHz channels that the WLAN's region and standard allow in the band of
// its access points, bonded up to `max_width`. In the 2.4 GHz band channel 14
// and bonding are left out.
ChannelTable AllowedChannels(const WlanConfig& wlan);

// What the access points are tuned to. Throws InputError naming the access
// point where the table does not have it.
ChannelPlan PlanOf(const WlanConfig& wlan, const ChannelTable& table);

// (i, j): the RSSI in dBm at which access point i hears j; 0 on the diagonal.
// `seed` is the scenario's (WlanPropagation).
Eigen::MatrixXd RssiOf(const WlanConfig& wlan, int64_t seed);

// The rate in bit/s that an access point's flows offer, both directions, when
// the load profile says 1; divided by AirtimeConfig::channel_rate it is a load.
Eigen::ArrayXd OfferedRates(const WlanConfig& wlan);

// `present` with a controller's settings in place ("lobby.channel" and
// "lobby.width", sim/telemetry/wlan_columns.h). What is not set stays, and a
// new channel keeps its access point's width. Throws InputError naming the
// setting for another one, or one that table or standard do not allow.
ChannelPlan PlanFromSettings(const std::map<std::string, double>& settings,
                             const WlanConfig& wlan, const ChannelTable& table,
                             const ChannelPlan& present);

// `wlan` with the access points that wlan.generated describes, for this seed;
// without wlan.generated as it is.
WlanConfig WithAccessPoints(const WlanConfig& wlan, int64_t seed);

// A named set of generated networks and their slots of time: instance i is that
// of seed `first_seed` + i.
struct InstanceSet {
  const char* name;
  int64_t first_seed;
  int64_t instances;
  int64_t slots;
  int64_t dropped_slots;  // at the start
  const char* description;
};

// "test" and "validation": 16 networks x 144 slots of ten minutes, of which the
// first 25 are dropped (IFIP Networking 2021, section V). Training takes seeds
// from 1 000 000 on.
const std::vector<InstanceSet>& InstanceSets();
// Throws InputError with the known names.
const InstanceSet& FindInstanceSet(const std::string& name);

}  // namespace airlock
