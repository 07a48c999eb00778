#include "agents/safety/shield_rules.h"

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"

namespace airlock {
namespace {

void Require(bool good, const std::string& what) {
  if (!good) throw InputError("shield: " + what);
}

// Whether all that radio `most_bonding` may use is barred at `seconds`.
bool NothingLeft(const ShieldLimits& limits, const ChannelTable& table,
                 double seconds) {
  for (int channel = 0; channel < table.channels(); ++channel) {
    const bool barred = std::any_of(
        limits.radars.begin(), limits.radars.end(),
        [&](const RadarSighting& radar) {
          return radar.channel == table.Number(channel) &&
                 radar.seconds <= seconds &&
                 seconds < radar.seconds + limits.non_occupancy_seconds;
        });
    if (!barred) return false;
  }
  return true;
}

}  // namespace

const char* ToString(ShieldRule rule) {
  static constexpr std::array<const char*, kShieldRules> kNames = {
      "table", "radar", "dwell", "changes", "floor"};
  return kNames[static_cast<size_t>(rule)];
}

void CheckLimits(const ShieldLimits& limits, const ChannelTable& table,
                 int access_points) {
  Require(std::isfinite(limits.dwell_seconds) && limits.dwell_seconds >= 0,
          fmt::format("a dwell time of {} s; allowed from 0",
                      limits.dwell_seconds));
  Require(!limits.changes_an_hour || *limits.changes_an_hour >= 1,
          fmt::format("{} changes an hour allow none at all; write 1 or more",
                      limits.changes_an_hour.value_or(0)));
  Require(limits.served_floor >= 0 && limits.served_floor <= 1,
          fmt::format("a served share of {} as floor; allowed 0 to 1",
                      limits.served_floor));
  Require(limits.non_occupancy_seconds >= 0 &&
              std::isfinite(limits.non_occupancy_seconds),
          fmt::format("a non-occupancy period of {} s; allowed from 0",
                      limits.non_occupancy_seconds));
  Require(limits.most_bonding.empty() ||
              static_cast<int>(limits.most_bonding.size()) == access_points,
          fmt::format("radios of {} access points where there are {}",
                      limits.most_bonding.size(), access_points));
  for (const int most : limits.most_bonding) {
    Require(most >= 0, fmt::format("a radio that bonds {} times", most));
  }
  for (const RadarSighting& radar : limits.radars) {
    Require(std::isfinite(radar.seconds) && radar.seconds >= 0,
            fmt::format("a radar at {} s of the run; allowed from 0",
                        radar.seconds));
    // What is barred only grows at a sighting.
    Require(!NothingLeft(limits, table, radar.seconds),
            fmt::format("no plan is allowed at {} s of the run: radars bar all "
                        "{} channels of 20 MHz then",
                        radar.seconds, table.channels()));
  }
}

}  // namespace airlock
