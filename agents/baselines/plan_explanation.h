#pragma once

#include <string>
#include <vector>

#include "agents/baselines/channel_planner.h"

namespace airlock {

// Why an access point is moved: what it would hear on the busiest of its slots
// if nobody moved, and what it hears under the new plan, both as the planner
// estimates them (u+ of the airtime model, with the loads it plans for).
struct AssignmentChange {
  std::string access_point;
  ChannelAssignment before;
  ChannelAssignment after;
  double utilisation_before = 0;
  double utilisation_after = 0;
};

// Of `plan` against view.plan: one element for each access point that moves, in
// their order.
std::vector<AssignmentChange> ExplainPlan(const PlannerView& view,
                                          const PlannerSetup& setup,
                                          const ChannelPlan& plan);

// "ap-157: channel 36 -> 48, estimated utilisation 37.8 -> 21.8 %"; with widths
// where these change.
std::string ToString(const AssignmentChange& change, const ChannelTable& table);

}  // namespace airlock
