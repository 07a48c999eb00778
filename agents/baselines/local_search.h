#pragma once

#include <cstdint>
#include <vector>

#include "agents/baselines/channel_planner.h"
#include "agents/baselines/plan_state.h"

namespace airlock {

// dynLS of Iacoboaiea et al. (IFIP Networking 2021), section V: visits the
// pairs of access points that disturb each other in random order; of each tries
// all pairs of assignments in the order of the table, and takes the first that
// lowers the regret; begins again in a new order until a whole round has found
// nothing, or `step_limit` changes were made. (An access point without a
// neighbour, of which the paper says nothing, is tried alone.) A pair whose
// surroundings have not changed since it was last tried in vain is passed over,
// which changes no result.
class LocalSearch {
 public:
  // `view`: whose mask its changes keep to; null: everything is allowed.
  explicit LocalSearch(PlanState* state, const PlannerView* view = nullptr);

  // Improves the state's plan; returns the number of changes.
  int64_t Run(int64_t step_limit, RngStream* rng);

 private:
  bool Settled(size_t pair) const;
  bool Allowed(int ap, int assignment) const {
    return view_ == nullptr || assignment == state_->at(ap) ||
           view_->Allows(ap, assignment);
  }
  // Whether there was a change.
  bool Improve(size_t pair);
  void NoteChange(int ap);

  PlanState* state_;
  const PlannerView* view_;
  int64_t now_ = 0;                  // changes so far
  std::vector<int64_t> changed_at_;  // of each AP or of what it hears
  std::vector<int64_t> settled_at_;  // of each pair; -1: never
  PairCosts costs_;
};

struct LocalSearchOptions {
  int64_t runs_from_present = 4;  // from the plan in force
  int64_t runs_from_random = 0;   // from assignments drawn for each AP
  int64_t step_limit = 10000;     // changes in a run
};

// The best plan of several runs, by the regret of `cases` (the mean over them)
// and of changes from view.plan; the first of equals. Never worse than staying.
ChannelPlan SearchPlan(const PlannerView& view, const PlannerSetup& setup,
                       const std::vector<std::vector<double>>& cases,
                       const LocalSearchOptions& options, RngStream* rng);

// The graph that a planner makes of what is heard.
InterferenceGraph GraphOf(const PlannerView& view, const PlannerSetup& setup);

}  // namespace airlock
