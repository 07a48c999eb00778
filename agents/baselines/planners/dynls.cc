#include "agents/baselines/planners/dynls.h"

#include "agents/baselines/local_search.h"

namespace airlock {

ChannelPlan DynLsPlanner::Decide(const PlannerView& view) {
  return SearchPlan(view, setup_, {view.forecast()}, {}, &rng_);
}

}  // namespace airlock
