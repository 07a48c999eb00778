#include "agents/baselines/planners/turboca.h"

#include <numeric>
#include <utility>
#include <vector>

#include "agents/baselines/local_search.h"
#include "agents/baselines/plan_state.h"

namespace airlock {
namespace {

std::vector<int> Shuffled(int count, RngStream* rng) {
  std::vector<int> order(count);
  std::iota(order.begin(), order.end(), 0);
  for (size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[rng->UniformInt(i)]);
  }
  return order;
}

// `ap` and those within `hops` that `waiting` still has, by increasing index.
std::vector<int> Neighbourhood(const InterferenceGraph& graph, int ap, int hops,
                               const std::vector<bool>& waiting) {
  std::vector<int> distance(graph.size(), -1);
  distance[ap] = 0;
  std::vector<int> reached = {ap};
  for (size_t k = 0; k < reached.size(); ++k) {
    const int from = reached[k];
    if (distance[from] == hops) continue;
    for (const auto* edges : {&graph.heard[from], &graph.victims[from]}) {
      for (const InterferenceGraph::Edge& edge : *edges) {
        if (distance[edge.ap] >= 0) continue;
        distance[edge.ap] = distance[from] + 1;
        reached.push_back(edge.ap);
      }
    }
  }
  std::vector<int> group;
  for (int i = 0; i < graph.size(); ++i) {
    if (distance[i] >= 0 && waiting[i]) group.push_back(i);
  }
  return group;
}

// The allowed assignment that costs least; of equals the one that `ap` had.
int Cheapest(const Eigen::ArrayXd& costs, const PlannerView& view, int ap,
             int had) {
  constexpr double kLeastGain = 1e-8;
  int cheapest = had;
  double least = costs(had) - kLeastGain;
  for (int x = 0; x < costs.size(); ++x) {
    if (costs(x) >= least || !view.Allows(ap, x)) continue;
    least = costs(x);
    cheapest = x;
  }
  return cheapest;
}

void Pass(int hops, const PlannerView& view, PlanState* state, RngStream* rng) {
  const ChannelPlan former = state->plan();
  const double total = state->Total();
  std::vector<bool> waiting(state->size(), true);
  for (int ap : Shuffled(state->size(), rng)) {
    if (!waiting[ap]) continue;
    const std::vector<int> group =
        Neighbourhood(state->graph(), ap, hops, waiting);
    std::vector<int> had;
    for (int one : group) {
      had.push_back(state->at(one));
      state->Move(one, PlanState::kAbsent);
      waiting[one] = false;
    }
    for (int k : Shuffled(static_cast<int>(group.size()), rng)) {
      state->Move(group[k],
                  Cheapest(state->Costs(group[k]), view, group[k], had[k]));
    }
  }
  if (state->Total() >= total) state->SetPlan(former);
}

}  // namespace

ChannelPlan TurboCaPlanner::Decide(const PlannerView& view) {
  const InterferenceGraph graph = GraphOf(view, setup_);
  PlanState state(&graph, &setup_.table, setup_.choices);
  state.SetLoads(view.plan, view.loads_now(), {view.forecast()});
  state.SetPlan(view.plan);
  int hops = decisions_ % kWideInterval == 0 ? kWideHops : 0;
  if (decisions_ == 0) hops = kFirstHops;
  ++decisions_;
  for (; hops >= 0; --hops) Pass(hops, view, &state, &rng_);
  return state.plan();
}

}  // namespace airlock
