#include "agents/baselines/local_search.h"

#include <algorithm>
#include <numeric>

namespace airlock {
namespace {

// A change must lower the regret by more than the table's errors.
constexpr double kLeastGain = 1e-8;

// An allowed assignment for each; who has none stays.
ChannelPlan RandomPlan(const ChannelTable& table, const PlannerView& view,
                       RngStream* rng) {
  ChannelPlan plan = view.plan;
  const auto& all = table.assignments();
  std::vector<int> open;
  for (int ap = 0; ap < view.size(); ++ap) {
    open.clear();
    for (int x = 0; x < static_cast<int>(all.size()); ++x) {
      if (view.Allows(ap, x)) open.push_back(x);
    }
    if (!open.empty()) plan[ap] = all[open[rng->UniformInt(open.size())]];
  }
  return plan;
}

}  // namespace

LocalSearch::LocalSearch(PlanState* state, const PlannerView* view)
    : state_(state),
      view_(view),
      changed_at_(state->size(), 0),
      settled_at_(state->pairs().size(), -1) {}

int64_t LocalSearch::Run(int64_t step_limit, RngStream* rng) {
  std::vector<size_t> order(state_->pairs().size());
  std::iota(order.begin(), order.end(), size_t{0});
  bool improved = true;
  while (improved && now_ < step_limit) {
    improved = false;
    for (size_t i = order.size(); i > 1; --i) {
      std::swap(order[i - 1], order[rng->UniformInt(i)]);
    }
    for (size_t pair : order) {
      if (now_ >= step_limit) break;
      if (!Settled(pair) && Improve(pair)) improved = true;
    }
  }
  return now_;
}

bool LocalSearch::Settled(size_t index) const {
  const int64_t settled = settled_at_[index];
  const PlanPair& pair = state_->pairs()[index];
  if (changed_at_[pair.first] > settled) return false;
  if (pair.second >= 0 && changed_at_[pair.second] > settled) return false;
  return std::all_of(pair.victims.begin(), pair.victims.end(),
                     [&](const PlanPair::Victim& victim) {
                       return changed_at_[victim.ap] <= settled;
                     });
}

bool LocalSearch::Improve(size_t index) {
  const PlanPair& pair = state_->pairs()[index];
  state_->Costs(pair, &costs_);
  const int count = state_->assignments();
  const int at = state_->at(pair.first);
  if (pair.second < 0) {
    const double enough = costs_.first(at) - kLeastGain;
    for (int x = 0; x < count; ++x) {
      if (costs_.first(x) >= enough || !Allowed(pair.first, x)) continue;
      ++now_;
      state_->Move(pair.first, x);
      NoteChange(pair.first);
      return true;
    }
    settled_at_[index] = now_;
    return false;
  }
  const int other_at = state_->at(pair.second);
  const double enough = costs_.at(at, other_at) - kLeastGain;
  for (int x = 0; x < count; ++x) {
    if (!Allowed(pair.first, x)) continue;
    for (int y = 0; y < count; ++y) {
      if (costs_.at(x, y) >= enough || !Allowed(pair.second, y)) continue;
      ++now_;
      state_->Move(pair.first, x);
      state_->Move(pair.second, y);
      if (x != at) NoteChange(pair.first);
      if (y != other_at) NoteChange(pair.second);
      return true;
    }
  }
  settled_at_[index] = now_;
  return false;
}

void LocalSearch::NoteChange(int ap) {
  changed_at_[ap] = now_;
  for (const InterferenceGraph::Edge& edge : state_->graph().victims[ap]) {
    changed_at_[edge.ap] = now_;
  }
}

ChannelPlan SearchPlan(const PlannerView& view, const PlannerSetup& setup,
                       const std::vector<std::vector<double>>& cases,
                       const LocalSearchOptions& options, RngStream* rng) {
  const InterferenceGraph graph = GraphOf(view, setup);
  PlanState state(&graph, &setup.table, setup.choices);
  state.SetLoads(view.plan, view.loads_now(), cases);
  state.SetPlan(view.plan);
  ChannelPlan best = view.plan;
  double least = state.Total();
  const int64_t runs = options.runs_from_present + options.runs_from_random;
  for (int64_t run = 0; run < runs; ++run) {
    state.SetPlan(run < options.runs_from_present
                      ? view.plan
                      : RandomPlan(setup.table, view, rng));
    LocalSearch(&state, &view).Run(options.step_limit, rng);
    const double total = state.Total();
    if (total < least) {
      least = total;
      best = state.plan();
    }
  }
  return best;
}

InterferenceGraph GraphOf(const PlannerView& view, const PlannerSetup& setup) {
  return InterferenceGraph(InterferenceMap(view.rssi_dbm, setup.choices));
}

}  // namespace airlock
