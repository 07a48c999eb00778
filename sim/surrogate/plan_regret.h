#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "sim/surrogate/airtime_model.h"
#include "sim/surrogate/channel_table.h"

namespace airlock {

// Who disturbs whom in one network: the lists that a planner walks along.
struct InterferenceGraph {
  struct Edge {
    int ap = 0;
    double weight = 0;  // m
  };
  // `interference` as InterferenceMap() makes it.
  explicit InterferenceGraph(const Eigen::MatrixXd& interference);

  int size() const { return static_cast<int>(heard.size()); }

  std::vector<std::vector<Edge>> heard;    // [i]: every j with m_ij > 0
  std::vector<std::vector<Edge>> victims;  // [i]: every j with m_ji > 0
};

// The regret of one network while a planner changes its plan AP by AP: a change
// costs time in the AP's neighbours, not in the network. Keeps references to
// graph and table. The regret is that of AirtimeBatch to rounding.
class PlanRegret {
 public:
  PlanRegret(const InterferenceGraph* graph, const ChannelTable* table,
             const AirtimeChoices& choices);

  // Starts from `plan`. `before`: the plan in force, against which changes
  // count with `loads_now`; `loads`: those that the new plan will serve (the
  // planner's forecast). All have graph->size() elements.
  void Reset(const ChannelPlan& plan, const ChannelPlan& before,
             const std::vector<double>& loads_now,
             const std::vector<double>& loads);

  const ChannelPlan& plan() const { return plan_; }
  // R^s + w R^r of plan().
  double total() const { return total_; }
  // rho(u+_i) l_i + w [changed] l_i: the AP's own part of total().
  double Cost(int ap) const { return cost_[ap]; }
  // u+_i under plan().
  double Utilisation(int ap) const { return UtilisationOn(ap, plan_[ap]); }
  // u+ that the AP would have on `assignment`, all others as they are.
  double UtilisationOn(int ap, ChannelAssignment assignment) const;

  // total() after the change, minus total(); nothing changes.
  double Difference(int ap, ChannelAssignment to);
  // The same for two APs at once.
  double Difference(int ap, ChannelAssignment to, int other,
                    ChannelAssignment other_to);
  void Set(int ap, ChannelAssignment to);

 private:
  // What a change of heard_ or cost_ was before it, to undo it exactly.
  struct Former {
    double* place;
    double value;
  };

  double CostOn(int ap, ChannelAssignment assignment, double heard) const;
  double HeardOn(int ap, ChannelAssignment assignment) const;
  void Move(int ap, ChannelAssignment to);
  void Put(double* place, double value);
  double* HeardAt(int ap) { return &heard_[ap * table_->slots()]; }
  const double* HeardAt(int ap) const { return &heard_[ap * table_->slots()]; }

  const InterferenceGraph* graph_;
  const ChannelTable* table_;
  const AirtimeChoices choices_;
  ChannelPlan plan_;
  ChannelPlan before_;
  std::vector<double> loads_now_;
  std::vector<double> loads_;
  std::vector<double> cost_;
  double total_ = 0;
  // What an AP hears in each slot, in a form in which interferers add up under
  // either law: shares, or -ln(1 - share). [ap][slot]
  std::vector<double> heard_;
  // In that form, what AP i adds to its victims: [i][victim][bonding].
  std::vector<std::vector<double>> adds_;
  bool keep_former_ = false;
  std::vector<Former> former_;
};

}  // namespace airlock
