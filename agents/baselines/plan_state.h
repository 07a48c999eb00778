#pragma once

#include <Eigen/Core>
#include <array>
#include <cstdint>
#include <vector>

#include "sim/surrogate/airtime_model.h"
#include "sim/surrogate/channel_table.h"
#include "sim/surrogate/interference_graph.h"

namespace airlock {

// Two access points of which at least one disturbs the other, or one alone
// (`second` < 0): what a search changes at once. The rest is for PlanState.
struct PlanPair {
  struct Victim {
    int ap = 0;         // neither `first` nor `second`
    int by_first = -1;  // position among the first's victims; -1: is none
    int by_second = -1;
  };
  int first = 0;
  int second = -1;
  int second_by_first = -1;  // position of `second` among the first's victims
  int first_by_second = -1;
  std::vector<Victim> victims;
};

// What a plan would cost with every pair of assignments (x, y) of a PlanPair,
// all other access points as they are, up to a constant: first(x) + second(y) +
// both(x, y). Positions as in ChannelTable::assignments(). Of one alone: the
// difference to the plan without it, first(x).
struct PairCosts {
  Eigen::ArrayXd first;
  Eigen::ArrayXd second;
  Eigen::ArrayXXd both;

  double at(int x, int y) const { return first(x) + second(y) + both(x, y); }
};

// A plan in the making, as a search wants it: tables of the regret of all
// changes of one or two access points, in time proportional to their victims
// (AirtimeBatch has the regret of whole plans and is the check on this); access
// points that are absent, as if switched off, while others choose; and loads of
// several cases, over which the regret is the mean. An assignment is its
// position in ChannelTable::assignments(). rho comes from a table, which is
// right to 1e-9. Keeps references to graph and table.
class PlanState {
 public:
  static constexpr int kAbsent = -1;

  PlanState(const InterferenceGraph* graph, const ChannelTable* table,
            const AirtimeChoices& choices);

  // The plan in force, against which changes count with `loads_now`, and the
  // loads that the plan will serve, one vector a case. Call SetPlan next.
  void SetLoads(const ChannelPlan& before, const std::vector<double>& loads_now,
                const std::vector<std::vector<double>>& cases);
  void SetPlan(const ChannelPlan& plan);
  ChannelPlan plan() const;  // none may be absent

  const InterferenceGraph& graph() const { return *graph_; }
  int size() const { return graph_->size(); }
  int assignments() const { return assignments_; }
  int at(int ap) const { return at_[ap]; }
  int PositionOf(ChannelAssignment assignment) const;
  // R^s + w R^r of those present, summed in the order of access points.
  double Total() const;
  // u+ of `ap` with `assignment`, all others as they are: the mean over cases.
  double Utilisation(int ap, int assignment) const;

  // Puts `ap` on `to`, or takes it off with kAbsent. Rounding errors add up
  // move by move (some 1e-16 each) until the next SetPlan.
  void Move(int ap, int to);

  // Pairs of the graph in the order of their members, then those alone that
  // have no neighbour.
  const std::vector<PlanPair>& pairs() const { return pairs_; }
  // Neither may be absent.
  void Costs(const PlanPair& pair, PairCosts* costs) const;
  // The increase of Total() if `ap`, which may be absent, is put on each of the
  // assignments instead of being absent.
  const Eigen::ArrayXd& Costs(int ap);

 private:
  // The part of an assignment's slots that another one takes, and how it does.
  struct Overlap {
    int first = 0;  // relative to the assignment's own first slot
    int count = 0;
    int bonding = 0;
    std::vector<int> members;  // the others that do so
  };
  struct Costing;                    // of one access point, in the .cc
  static constexpr int kWidest = 8;  // slots of an assignment
  static constexpr size_t kMostOverlaps = 16;
  using Spreads = std::array<std::array<double, kWidest>, kMostOverlaps>;

  void Classify();
  PlanPair MakePair(int first, int second) const;
  const double* AddsOf(int ap, int victim_position, int case_index) const;
  double* HeardAt(int ap, int case_index);
  const double* HeardAt(int ap, int case_index) const;
  // What `ap` hears on the slots of `assignment` (into `heard`) without those
  // two sources' present shares; null: does not hear it.
  void Background(int ap, int assignment, int case_index,
                  const double* first_adds, int first_at,
                  const double* second_adds, int second_at,
                  double* heard) const;
  void Spread(int assignment, const double* adds, Spreads* spread) const;
  // Own cost of one of a pair on each assignment: into own(x), and what the
  // other's assignment y adds: into both (transposed: both(y, x)).
  void AddOwn(int ap, int other, const double* other_adds, int case_index,
              Eigen::ArrayXd* own, Eigen::ArrayXXd* both,
              bool transposed) const;
  void AddVictim(const PlanPair& pair, const PlanPair::Victim& victim,
                 int case_index, PairCosts* costs) const;

  const InterferenceGraph* graph_;
  const ChannelTable* table_;
  const AirtimeChoices choices_;
  const int assignments_;
  std::vector<SlotRange> ranges_;               // of each assignment
  std::vector<int> bonding_;                    // of each assignment
  std::vector<std::vector<Overlap>> overlaps_;  // of each; [0]: none
  std::vector<int> overlap_of_;  // [assignment][other]: which of them
  std::vector<PlanPair> pairs_;
  std::vector<PlanPair> alone_;       // of each access point
  std::vector<size_t> first_victim_;  // of each, in adds_

  std::vector<int> at_;
  std::vector<int> before_;
  std::vector<double> loads_now_;
  std::vector<std::vector<double>> cases_;
  std::vector<double> adds_;   // [case][ap][victim][bonding]
  std::vector<double> heard_;  // [case][ap][slot], in the form that adds up
  PairCosts work_;
};

}  // namespace airlock
