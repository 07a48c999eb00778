#pragma once

#include "agents/baselines/channel_planner.h"

namespace airlock {

// Least congested channel: each access point in turn takes the assignment on
// which it expects the highest throughput, exp(-rho(u+)), for itself, if that
// is at least a quarter more than now. Nobody counts what it does to others.
class GreedyPlanner : public ChannelPlanner {
 public:
  explicit GreedyPlanner(const PlannerSetup& setup) : setup_(setup) {}
  ChannelPlan Decide(const PlannerView& view) override;

  static constexpr double kLeastGain = 1.25;

 private:
  const PlannerSetup setup_;
};

}  // namespace airlock
