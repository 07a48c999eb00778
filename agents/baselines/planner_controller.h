#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agents/baselines/channel_planner.h"
#include "sim/engine/simulation.h"

namespace airlock {

// Runs a channel planner as the controller of a WLAN, on either engine: reads
// the columns of sim/telemetry/wlan_columns.h into a PlannerView, and writes
// the plan as settings. What observations lack is made good for, and counted:
// - a neighbour that is not in a scan is not heard, and is no interference;
// - a load that is missing is the last one known, 0 at first; a negative one
//   (noise) is 0;
// - a channel or width that is missing, or that the network does not have, is
//   what it was before, or what was last asked for.
class PlannerController : public Controller {
 public:
  // The loads of the slot that begins then, by access point.
  using FutureLoads = std::function<std::map<std::string, double>(SimTime)>;

  // `setup` as the planner was made with. Without `future` nothing is known.
  PlannerController(std::unique_ptr<ChannelPlanner> planner,
                    const PlannerSetup& setup, FutureLoads future);

  // Settings of all access points whose assignment changes; empty if none does.
  // Decides nothing until every access point's assignment has been seen once.
  // Throws InputError where the observation has no access point, or the first
  // one is on a channel that the network may not use.
  Action Decide(const Observation& observation) override;
  // What was made good for: counts of the whole run.
  std::vector<Metric> Metrics() const override;

 private:
  void Begin(const Observation& observation);
  void ReadScans(const Observation& observation);
  void ReadPlan(const Observation& observation);
  void ReadLoads(const Observation& observation);

  const std::unique_ptr<ChannelPlanner> planner_;
  const ChannelTable table_;
  const FutureLoads future_;
  PlannerView view_;
  std::vector<bool> plan_known_;
  int64_t unheard_ = 0;
  int64_t loads_missing_ = 0;
  int64_t loads_negative_ = 0;
  int64_t plans_unreadable_ = 0;
};

}  // namespace airlock
