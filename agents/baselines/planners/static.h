#pragma once

#include "agents/baselines/channel_planner.h"

namespace airlock {

// Keeps the plan in force.
class StaticPlanner : public ChannelPlanner {
 public:
  explicit StaticPlanner(const PlannerSetup&) {}
  ChannelPlan Decide(const PlannerView& view) override { return view.plan; }
};

}  // namespace airlock
