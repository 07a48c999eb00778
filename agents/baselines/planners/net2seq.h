#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agents/baselines/channel_planner.h"
#include "agents/policy/net2seq_network.h"

namespace airlock {

// A trained net2seq (Iacoboaiea et al., IFIP Networking 2021) as a planner. It
// takes, of its most probable plan, several drawn ones and the plan in force,
// the one of which its Selector expects the least regret. A fixed number of
// draws, not of seconds: equal seeds give equal plans on a busy machine too.
class Net2SeqPlanner : public ChannelPlanner {
 public:
  static constexpr int64_t kPlans = 32;

  // `plans`: how many are drawn; 0: the most probable plan, without the
  // Selector. Throws PolicyError where the network was trained for fewer
  // bonding levels than the table of `setup` has.
  Net2SeqPlanner(const PlannerSetup& setup,
                 std::shared_ptr<const Net2SeqNetwork> network,
                 int64_t plans = kPlans);

  // The loads to come, where they are known, take the place of those of now; a
  // history that is shorter than the network's begins with its oldest slot.
  // Keeps to view.allowed.
  ChannelPlan Decide(const PlannerView& view) override;

  std::vector<Metric> Metrics() const override;
  nlohmann::json Save() const override;
  void Load(const nlohmann::json& saved) override;

 private:
  const PlannerSetup setup_;
  const std::shared_ptr<const Net2SeqNetwork> network_;
  const int64_t plans_;
  RngStream rng_;
  int64_t decisions_ = 0;
  int64_t kept_ = 0;       // decisions that the Selector left the plan in force
  int64_t overruled_ = 0;  // in which it took another than the most probable
};

}  // namespace airlock
