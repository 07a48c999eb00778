#pragma once

#include <Eigen/Core>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agents/env/env.h"
#include "agents/env/safety_tally.h"
#include "agents/safety/channel_shield.h"
#include "agents/safety/plan_audit.h"
#include "sim/scenario/scenario.h"
#include "sim/surrogate/airtime_batch.h"
#include "sim/workload/load_profiles.h"

namespace airlock {

struct ChannelEnvOptions {
  // A WLAN with access points in place (WithAccessPoints()); `wlan.load` and
  // `wlan.airtime` are the model's. Loads of a trace are not for training.
  WlanConfig wlan;
  int64_t seed = 1;         // of the radio channel, as a scenario's run.seed
  int64_t slots = 48;       // steps of an episode
  int64_t history = 1;      // past slots of loads that are observed
  ShieldLimits shield;      // what no plan may do
  double served_floor = 1;  // of cost "below_floor", 0 to 1
  // Of "below_floor" (share of the access points that get less than that part
  // of their need in a slot) and "churn" (share that changes).
  std::vector<std::string> costs = {"below_floor", "churn"};
  // Another network of as many access points for each episode: domain
  // randomisation. None: always `wlan`.
  std::function<WlanConfig(const WlanConfig&, RngStream*)> randomise;
  std::shared_ptr<SharedTally> tally;  // none: nobody counts
};

// A WLAN of N access points on the airtime model, planned slot by slot, for
// agents whose networks have a fixed width. A step: the agent proposes an
// assignment for each access point (a head each, over the channel table's), a
// ChannelShield executes what is allowed of them, and the loads move on.
// - Observed of each access point, as a controller sees it: its loads, newest
//   first; utilisation by others and served share under the present loads; its
//   assignment, one of all. Then the room for changes in this hour, where that
//   is limited (1 where it is not).
// - Reward: minus the regret of the step per access point, R / N
//   (airtime_model.h).
// - Masks: the shield's Allowed().
// An episode starts with the plan of `wlan`, whenever in the course of loads.
class ChannelEnv : public Env {
 public:
  // Throws InputError as CheckLimits(), for an unknown cost, or a floor or
  // number of slots out of range.
  explicit ChannelEnv(const ChannelEnvOptions& options);

  const EnvSpec& spec() const override { return spec_; }
  void Reset(RngStream random) override;
  Outcome Step(const double* action, double* costs) override;
  void Observe(double* observation) const override;
  void Allow(uint8_t* allowed) const override;
  std::vector<double> Staying() const override;
  nlohmann::json Save() const override;
  void Load(const nlohmann::json& state) override;

  const ChannelTable& table() const { return table_; }
  const ChannelPlan& plan() const { return plan_; }
  int access_points() const { return access_points_; }

 private:
  PlanSituation Situation() const;
  // What is the same for the whole episode, from its random numbers.
  void Begin();
  void NextLoads();
  double CostOf(const std::string& name, const ChannelPlan& before) const;
  void Count(const ShieldVerdict& verdict,
             const std::vector<std::string>& broken);

  const ChannelEnvOptions options_;
  const ChannelTable table_;
  AirtimeChoices choices_;  // of the episode
  const int access_points_;
  EnvSpec spec_;
  RngStream random_{0};  // as the episode began
  WlanConfig wlan_;      // of the episode
  Eigen::MatrixXd rssi_;
  Eigen::ArrayXd full_loads_;  // at a load factor of 1
  std::unique_ptr<LoadCourse> course_;
  std::unique_ptr<AirtimeBatch> batch_;
  std::unique_ptr<AirtimeNetwork> network_;  // what is observed
  std::unique_ptr<ChannelShield> shield_;
  std::unique_ptr<PlanAudit> audit_;
  std::deque<std::vector<double>> loads_;  // newest first
  ChannelPlan plan_;
  int64_t slot_ = 0;
};

// A limit of the mean episode sum of one of the environment's costs.
struct CostLimit {
  std::string cost;
  double limit = 0;
};

// Throws InputError that names the limit which no actions can keep: where even
// the best plan of every slot, whatever changes it takes, costs more. Found by
// trying every plan where there are few (below 5000), else from access points
// that would get too little alone on the air; over 64 slots, by the lower end
// of a 99 % t interval. To be called before a training.
void CheckReachable(const ChannelEnvOptions& options,
                    const std::vector<CostLimit>& limits);

}  // namespace airlock
