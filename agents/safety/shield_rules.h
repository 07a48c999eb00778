#pragma once

#include <Eigen/Core>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/surrogate/airtime_model.h"
#include "sim/surrogate/channel_table.h"

// What a channel plan may never do, whoever made it.
namespace airlock {

// In the order in which a change is judged: it counts under the first rule that
// forbids it.
enum class ShieldRule {
  kTable,    // not a channel of region, band and standard
  kRadar,    // a radar was seen on it within the non-occupancy period
  kDwell,    // the access point changed too recently
  kChanges,  // the network changed too often within the last hour
  kFloor,    // somebody would be served less than their floor
};
constexpr int kShieldRules = 5;
// "table", "radar", "dwell", "changes", "floor"
const char* ToString(ShieldRule rule);
using ShieldCounts = std::array<int64_t, kShieldRules>;

// A radar pulse that was detected at this second of the run on this 20 MHz
// channel (IEEE number).
struct RadarSighting {
  double seconds = 0;
  int channel = 0;
};

// ETSI EN 301 893 V2.1.1, table D.1, and 47 CFR 15.407(h)(2)(iv): a channel on
// which a radar was seen is not to be used for 30 minutes.
constexpr double kNonOccupancySeconds = 30 * 60;
constexpr double kSecondsAnHour = 3600;

struct ShieldLimits {
  double dwell_seconds = 0;  // least time between two changes of one AP
  // Most changes of access points within any hour, in the whole network; none:
  // as many as one likes.
  std::optional<int64_t> changes_an_hour;
  // What part of its need every access point is to get, as the airtime model
  // estimates it: 0 to 1. Who gets less under the plan in force is not to get
  // less than that.
  double served_floor = 0;
  double non_occupancy_seconds = kNonOccupancySeconds;
  std::vector<RadarSighting> radars;  // each counts from its time on
  // How often each access point's radio doubles 20 MHz; empty: as the table.
  std::vector<int> most_bonding;
};

// Throws InputError that says which limit is wrong and what is allowed, or at
// which second of the run radars leave no channel at all: then no plan could
// be allowed.
void CheckLimits(const ShieldLimits& limits, const ChannelTable& table,
                 int access_points);

// What is known when a plan is made. References must outlive it.
struct PlanSituation {
  double seconds = 0;  // of the run
  const ChannelPlan& in_force;
  const Eigen::MatrixXd& rssi_dbm;   // as InterferenceMap()
  const std::vector<double>& loads;  // that the plan is for
};

}  // namespace airlock
