#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <string>
#include <vector>

#include "agents/baselines/channel_planner.h"
#include "sim/stats/interval.h"

namespace airlock {

// A network on which planners are compared.
struct PlannerInstance {
  std::vector<std::string> access_points;
  std::vector<double> x;  // positions, in any unit
  std::vector<double> y;
  Eigen::MatrixXd rssi_dbm;  // (i, j): at i of j
};

// A set of networks, the loads that they meet and what their planners may do
// and know: section V of Iacoboaiea et al. (IFIP Networking 2021) by default.
struct PlannerCase {
  std::vector<int> channels = {36, 40, 44, 48, 149, 153, 157, 161, 165};
  int bonding_levels = 1;
  AirtimeChoices choices;
  std::string loads = "volatile";  // name in LoadProfiles()
  // Every planner is told the loads of the slot to come ("hasty"), not `oracle`
  // alone.
  bool known_loads = false;
  int64_t slots = 144;          // decisions
  int64_t dropped = 25;         // of them, not counted
  int64_t history_slots = 144;  // before the first decision, under the first
                                // plan; whole days begin at midnight
  double slot_seconds = 600;
  uint64_t seed = 1;  // of loads, first plans and planners
};

// What a planner achieved, one element an instance: means over access points
// and slots that count.
struct PlannerScore {
  std::string planner;
  std::vector<double> regret;   // service + w change
  std::vector<double> service;  // R^s
  std::vector<double> change;   // R^r, without its weight
  // Mean CPU time of a decision of a slot that counts.
  double seconds_per_decision = 0;
  int64_t decisions = 0;
};

// Lets `planner` plan each instance through all slots. Loads and first plans
// (an assignment of 20 MHz drawn for each access point) depend on the case and
// the instance's position alone, so all planners meet the same; the regret is
// that of AirtimeBatch. Throws InputError for an unknown planner or profile, or
// no slot that counts.
PlannerScore ScorePlanner(const std::string& planner,
                          const std::vector<PlannerInstance>& instances,
                          const PlannerCase& setting);

// The mean over instances with its bootstrap interval (95 %, BCa).
Interval MeanOverInstances(const std::vector<double>& values);
// The same of mean(a) / mean(b) - 1, resampling whole instances.
Interval RelativeDifference(const std::vector<double>& a,
                            const std::vector<double>& b);

}  // namespace airlock
