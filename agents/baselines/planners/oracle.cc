#include "agents/baselines/planners/oracle.h"

#include "agents/baselines/local_search.h"

namespace airlock {

ChannelPlan OraclePlanner::Decide(const PlannerView& view) {
  if (!view.known_loads) return view.plan;
  LocalSearchOptions options;
  options.runs_from_present = 15;
  options.runs_from_random = 85;
  return SearchPlan(view, setup_, {*view.known_loads}, options, &rng_);
}

}  // namespace airlock
