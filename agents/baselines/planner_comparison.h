#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agents/baselines/channel_planner.h"
#include "sim/scenario/scenario.h"
#include "sim/stats/interval.h"

namespace airlock {

// How planners are compared on the airtime model, replication by replication of
// a WLAN scenario: section V of Iacoboaiea et al. (IFIP Networking 2021).
struct PlannerCase {
  // A resolved scenario whose decision interval is the slot of its loads. With
  // `wlan.generated` each replication is a network of its own. A trained
  // planner runs its `controller.policy`.
  Scenario scenario;
  int64_t slots = 144;  // of a replication
  // Every planner is told the loads of the slot to come ("hasty"), not `oracle`
  // alone.
  bool known_loads = false;
  // Slots before the first one in which the loads are noted and nobody plans;
  // whole days, so that slot 0 begins at midnight. Where there are none, a
  // replication is what `airlock run` makes of it with the planner as agent.
  int64_t history_slots = 0;
  // Planners see the RSSI of all, also of who is too weak for a scan to find
  // (errors of measurement may lift them above the threshold).
  bool hears_all = false;
  // Puts something between each replication's planner and its network: a
  // shield, say, or errors of measurement. None: nothing.
  std::function<std::unique_ptr<ChannelPlanner>(
      std::unique_ptr<ChannelPlanner>, const PlannerSetup&, Replication)>
      decorate;
};

// What a planner achieved, one element a replication: means over access points
// and the slots from wlan.airtime.dropped_slots on.
struct PlannerScore {
  std::string planner;
  std::vector<double> regret;       // service + w change
  std::vector<double> service;      // R^s
  std::vector<double> change;       // R^r, without its weight
  double seconds_per_decision = 0;  // mean CPU time, over all decisions
  double slowest_seconds = 0;       // the longest CPU time of one
  int64_t decisions = 0;
};

// Throws InputError for an unknown planner, a scenario without a WLAN, an
// interval that is not the slot of the loads, or no slot that counts.
PlannerScore ScorePlanner(const std::string& planner,
                          const PlannerCase& setting);

// The mean over replications with its bootstrap interval (95 %, BCa).
Interval MeanOverReplications(const std::vector<double>& values);
// The same of mean(a) / mean(b) - 1, resampling pairs of replications.
Interval RelativeDifference(const std::vector<double>& a,
                            const std::vector<double>& b);

}  // namespace airlock
