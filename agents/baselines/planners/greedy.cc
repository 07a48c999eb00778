#include "agents/baselines/planners/greedy.h"

#include <cmath>

#include "agents/baselines/local_search.h"
#include "agents/baselines/plan_state.h"

namespace airlock {

ChannelPlan GreedyPlanner::Decide(const PlannerView& view) {
  const InterferenceGraph graph = GraphOf(view, setup_);
  PlanState state(&graph, &setup_.table, setup_.choices);
  state.SetLoads(view.plan, view.loads_now(), {view.forecast()});
  state.SetPlan(view.plan);
  for (int ap = 0; ap < view.size(); ++ap) {
    const auto rho = [&](int assignment) {
      const int bonding = setup_.table.assignments()[assignment].bonding;
      return Rho(state.Utilisation(ap, assignment), 1 << bonding);
    };
    int best = state.at(ap);
    double least = rho(best) - std::log(kLeastGain);
    for (int x = 0; x < state.assignments(); ++x) {
      const double here = rho(x);
      if (here >= least || !view.Allows(ap, x)) continue;
      least = here;
      best = x;
    }
    state.Move(ap, best);
  }
  return state.plan();
}

}  // namespace airlock
