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
// - a load that is missing is the last one known; where none is known yet, the
//   mean of those that are (who got nothing through is not idle), or 0; a
//   negative one (noise) is 0;
// - a channel or width that is missing, or that the network does not have, is
//   what it was before, or what was last asked for;
// - an access point whose standard has not the width of the plan is asked for
//   the widest that it has, on the same primary channel.
class PlannerController : public Controller {
 public:
  // The loads of the slot that begins then, by access point.
  using FutureLoads = std::function<std::map<std::string, double>(SimTime)>;

  // The access points that a planner plans, by name, and how many times the
  // standard of each doubles the width of 20 MHz.
  using Radios = std::map<std::string, int>;

  // `setup` as the planner was made with. Without `future` nothing is known.
  // Without `radios` all that report a channel are planned, at any width.
  PlannerController(std::unique_ptr<ChannelPlanner> planner,
                    const PlannerSetup& setup, FutureLoads future,
                    Radios radios = {});

  // Settings of all access points whose assignment changes; empty if none does.
  // Decides nothing until every access point's assignment has been seen once.
  // Throws InputError where the observation has no access point, or the first
  // one is on a channel that the network may not use.
  Action Decide(const Observation& observation) override;
  // What was made good for: counts of the whole run.
  std::vector<Metric> Metrics() const override;
  std::vector<ExplainedDecision> TakeDecisions() override;
  nlohmann::json Save() const override;
  void Load(const nlohmann::json& saved) override;

 private:
  void Begin(const Observation& observation);
  void ReadScans(const Observation& observation);
  void ReadPlan(const Observation& observation);
  void ReadLoads(const Observation& observation);
  void Narrow(ChannelPlan* plan);
  void Explain(const ChannelPlan& plan);

  const std::unique_ptr<ChannelPlanner> planner_;
  const PlannerSetup setup_;
  const FutureLoads future_;
  const Radios radios_;
  PlannerView view_;
  std::vector<bool> plan_known_;
  std::vector<double> last_loads_;  // NaN: none known yet
  int64_t unheard_ = 0;
  int64_t loads_missing_ = 0;
  int64_t loads_negative_ = 0;
  int64_t plans_unreadable_ = 0;
  int64_t narrowed_ = 0;
  int64_t changes_ = 0;
  double fall_ = 0;  // of estimated utilisations, over changes
  std::vector<ExplainedDecision> decisions_;  // since they were taken
};

}  // namespace airlock
