#pragma once

#include "sim/scenario/scenario.h"

namespace airlock::testing {

// The synthetic networks of Iacoboaiea et al. (IFIP Networking 2021), of nine
// channels; `neighbours` on average.
inline WlanConfig ReferenceNetwork(int64_t access_points, double neighbours) {
  WlanConfig wlan;
  wlan.region = "US";
  wlan.dfs = false;
  wlan.shadowing_db = 4;
  wlan.power_variation_db = 3;
  wlan.generated.emplace();
  wlan.generated->access_points = access_points;
  wlan.generated->neighbours = neighbours;
  return wlan;
}

// Their setting: 49 access points with 15 neighbours on average, volatile loads
// of a slot of ten minutes; replication r is the network of seed 1001 + r. As
// scenarios/wlan/generated.yaml.
inline Scenario ReferenceWlan() {
  Scenario scenario;
  scenario.name = "reference";
  scenario.run.engine = "surrogate";
  scenario.run.seed = 1001;
  scenario.run.replications = 16;
  scenario.run.duration = Milliseconds(86400 * 1000LL);
  scenario.run.sample_interval = Milliseconds(600 * 1000);
  scenario.controller.interval = Milliseconds(600 * 1000);
  WlanConfig wlan = ReferenceNetwork(49, 15);
  wlan.generated->redraw = true;
  wlan.traffic.rate_per_station = Mbps(25);
  wlan.load.profile = "volatile";
  wlan.load.slot = Milliseconds(600 * 1000);
  wlan.airtime.dropped_slots = 25;
  scenario.wlan = wlan;
  return scenario;
}

}  // namespace airlock::testing
