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
  double Added(double share) const;
  double CostOn(int ap, ChannelAssignment assignment) const;
  void Move(int ap, ChannelAssignment to);
  void Occupy(int ap, double sign);

  const InterferenceGraph* graph_;
  const ChannelTable* table_;
  const AirtimeChoices choices_;
  ChannelPlan plan_;
  ChannelPlan before_;
  std::vector<double> loads_now_;
  std::vector<double> loads_;
  std::vector<double> cost_;
  double total_ = 0;
  // [ap][slot]: what the AP hears there, in a form in which interferers add up
  // under either law: shares, or -ln(1 - share).
  Eigen::ArrayXXd heard_;
};

}  // namespace airlock
