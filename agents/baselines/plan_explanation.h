#pragma once

#include <functional>
#include <vector>

#include "agents/baselines/channel_planner.h"
#include "sim/results/explained_decision.h"

namespace airlock {

// Why a plan moves each access point that it moves, or that a shield kept where
// it is, in their order: what it would hear on the busiest of its channels if
// nobody moved, and what it hears under `plan`, both as the airtime model
// estimates them (u+, with the loads of view.forecast()), and who chose so
// (`origin_of`, by access point). One element without access point where there
// is none. Never empty.
std::vector<ExplainedDecision> ExplainPlan(
    const PlannerView& view, const PlannerSetup& setup, const ChannelPlan& plan,
    const std::function<ChoiceOrigin(int)>& origin_of);

}  // namespace airlock
