#include "sim/surrogate/plan_regret.h"

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"

namespace airlock {
namespace {

// -ln of what a whole slot leaves free: finite, so that it can be taken back.
constexpr double kNothingFree = 40;

// A share in the form in which shares add up under `law`.
double Added(OccupancyLaw law, double share) {
  if (law == OccupancyLaw::kSum) return share;
  return share < 1 ? std::min(-std::log1p(-share), kNothingFree) : kNothingFree;
}

// And back. Rounding may leave a little less than nothing.
double Busy(OccupancyLaw law, double added) {
  const double there = std::max(0.0, added);
  return law == OccupancyLaw::kSum ? there : -std::expm1(-there);
}

bool Covers(SlotRange range, int slot) {
  return slot >= range.first && slot < range.first + range.count;
}

}  // namespace

InterferenceGraph::InterferenceGraph(const Eigen::MatrixXd& interference)
    : heard(interference.rows()), victims(interference.rows()) {
  AIRLOCK_CHECK(interference.rows() == interference.cols());
  for (int i = 0; i < size(); ++i) {
    for (int j = 0; j < size(); ++j) {
      if (i == j || !(interference(i, j) > 0)) continue;
      heard[i].push_back({j, interference(i, j)});
      victims[j].push_back({i, interference(i, j)});
    }
  }
}

PlanRegret::PlanRegret(const InterferenceGraph* graph,
                       const ChannelTable* table, const AirtimeChoices& choices)
    : graph_(graph), table_(table), choices_(choices) {}

void PlanRegret::Reset(const ChannelPlan& plan, const ChannelPlan& before,
                       const std::vector<double>& loads_now,
                       const std::vector<double>& loads) {
  const size_t n = graph_->size();
  AIRLOCK_CHECK(plan.size() == n && before.size() == n, "{}", n);
  AIRLOCK_CHECK(loads_now.size() == n && loads.size() == n, "{}", n);
  plan_ = plan;
  before_ = before;
  loads_now_ = loads_now;
  loads_ = loads;
  heard_.assign(n * table_->slots(), 0.0);
  adds_.assign(n, {});
  for (size_t i = 0; i < n; ++i) {
    for (const InterferenceGraph::Edge& edge : graph_->victims[i]) {
      for (int b = 0; b < table_->bonding_levels(); ++b) {
        const double share = edge.weight * std::ldexp(loads_[i], -b);
        adds_[i].push_back(Added(choices_.law, share));
      }
    }
  }
  for (size_t i = 0; i < n; ++i) {
    const SlotRange range = table_->Slots(plan_[i]);
    const auto& victims = graph_->victims[i];
    for (size_t v = 0; v < victims.size(); ++v) {
      double* heard = HeardAt(victims[v].ap);
      for (int k = range.first; k < range.first + range.count; ++k) {
        heard[k] += adds_[i][v * table_->bonding_levels() + plan_[i].bonding];
      }
    }
  }
  cost_.resize(n);
  total_ = 0;
  for (size_t i = 0; i < n; ++i) {
    cost_[i] = CostOn(i, plan_[i], HeardOn(i, plan_[i]));
    total_ += cost_[i];
  }
}

double PlanRegret::UtilisationOn(int ap, ChannelAssignment assignment) const {
  double added = HeardOn(ap, assignment);
  if (choices_.own_load) {
    const double share = std::ldexp(loads_[ap], -assignment.bonding);
    added += Added(choices_.law, share);
  }
  return Busy(choices_.law, added);
}

double PlanRegret::Difference(int ap, ChannelAssignment to) {
  const ChannelAssignment from = plan_[ap];
  if (to == from) return 0;
  double difference = CostOn(ap, to, HeardOn(ap, to)) - cost_[ap];
  const SlotRange left = table_->Slots(from);
  const SlotRange taken = table_->Slots(to);
  const auto& victims = graph_->victims[ap];
  const double* adds = adds_[ap].data();
  for (size_t v = 0; v < victims.size();
       ++v, adds += table_->bonding_levels()) {
    const int victim = victims[v].ap;
    const SlotRange range = table_->Slots(plan_[victim]);
    if (!Meet(range, left) && !Meet(range, taken)) continue;
    const double* heard = HeardAt(victim);
    double most = 0;
    for (int k = range.first; k < range.first + range.count; ++k) {
      double now = heard[k];
      if (Covers(left, k)) now -= adds[from.bonding];
      if (Covers(taken, k)) now += adds[to.bonding];
      most = std::max(most, now);
    }
    difference += CostOn(victim, plan_[victim], most) - cost_[victim];
  }
  return difference;
}

double PlanRegret::Difference(int ap, ChannelAssignment to, int other,
                              ChannelAssignment other_to) {
  AIRLOCK_CHECK(ap != other, "{}", ap);
  const ChannelAssignment from = plan_[ap];
  const double total = total_;
  keep_former_ = true;
  Move(ap, to);
  const double first = total_ - total;
  const double second = Difference(other, other_to);
  for (auto former = former_.rbegin(); former != former_.rend(); ++former) {
    *former->place = former->value;
  }
  former_.clear();
  keep_former_ = false;
  plan_[ap] = from;
  return first + second;
}

void PlanRegret::Set(int ap, ChannelAssignment to) { Move(ap, to); }

double PlanRegret::CostOn(int ap, ChannelAssignment assignment,
                          double heard) const {
  double cost = 0;
  if (loads_[ap] > 0) {
    double added = heard;
    if (choices_.own_load) {
      const double share = std::ldexp(loads_[ap], -assignment.bonding);
      added += Added(choices_.law, share);
    }
    cost = Rho(Busy(choices_.law, added), 1 << assignment.bonding) * loads_[ap];
  }
  if (assignment != before_[ap]) {
    cost += choices_.change_weight * loads_now_[ap];
  }
  return cost;
}

double PlanRegret::HeardOn(int ap, ChannelAssignment assignment) const {
  const SlotRange range = table_->Slots(assignment);
  const double* heard = HeardAt(ap);
  double most = 0;
  for (int k = range.first; k < range.first + range.count; ++k) {
    most = std::max(most, heard[k]);
  }
  return most;
}

void PlanRegret::Move(int ap, ChannelAssignment to) {
  const ChannelAssignment from = plan_[ap];
  if (to == from) return;
  const SlotRange left = table_->Slots(from);
  const SlotRange taken = table_->Slots(to);
  const auto& victims = graph_->victims[ap];
  const double* adds = adds_[ap].data();
  double difference = 0;
  const auto recount = [this, &difference](int one) {
    const double cost = CostOn(one, plan_[one], HeardOn(one, plan_[one]));
    difference += cost - cost_[one];
    Put(&cost_[one], cost);
  };
  plan_[ap] = to;
  recount(ap);
  for (size_t v = 0; v < victims.size();
       ++v, adds += table_->bonding_levels()) {
    double* heard = HeardAt(victims[v].ap);
    for (int k = left.first; k < left.first + left.count; ++k) {
      Put(&heard[k], heard[k] - adds[from.bonding]);
    }
    for (int k = taken.first; k < taken.first + taken.count; ++k) {
      Put(&heard[k], heard[k] + adds[to.bonding]);
    }
    const SlotRange range = table_->Slots(plan_[victims[v].ap]);
    if (Meet(range, left) || Meet(range, taken)) recount(victims[v].ap);
  }
  Put(&total_, total_ + difference);
}

void PlanRegret::Put(double* place, double value) {
  if (keep_former_) former_.push_back({place, *place});
  *place = value;
}

}  // namespace airlock
