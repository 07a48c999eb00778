#pragma once

#include "agents/baselines/channel_planner.h"

namespace airlock {

// Colours the graph of who hears whom by DSATUR, each pair weighing as much as
// they hear of each other; loads count for nothing. The colours are the
// channels of the largest width with which no two neighbours need to share one,
// else those of 20 MHz. Replaces the plan in force only by one whose sharing
// neighbours weigh less, or as much at a larger total width.
class ColouringPlanner : public ChannelPlanner {
 public:
  explicit ColouringPlanner(const PlannerSetup& setup) : setup_(setup) {}
  ChannelPlan Decide(const PlannerView& view) override;

 private:
  const PlannerSetup setup_;
};

}  // namespace airlock
