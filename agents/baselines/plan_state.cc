#include "agents/baselines/plan_state.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr double kLn2 = 0.69314718055994531;
// -ln of what a whole slot leaves free: finite, so that it can be taken back.
constexpr double kNothingFree = 40;

// rho^_1 by cubic Hermite interpolation on both sides of the knee at 0.9: a
// search asks for it some hundred million times. The error is below
// h^4 max|f| / 384 = 1e-10, f its fourth derivative; beyond the table it is
// computed.
class RhoTable {
 public:
  RhoTable() {
    for (int i = 0; i <= kIntervals; ++i) {
      const double below = kKnee * i / kIntervals;
      const double above = kKnee + kTail * i / kIntervals;
      below_[static_cast<size_t>(i)] = {Rho(below, 1),
                                        SlopeBelow(below) * kKnee / kIntervals};
      above_[static_cast<size_t>(i)] = {Rho(above, 1),
                                        RhoSlope(above) * kTail / kIntervals};
    }
  }

  double operator()(double x) const {
    if (x < kKnee) return Interpolate(below_, x * (kIntervals / kKnee));
    const double position = (x - kKnee) * (kIntervals / kTail);
    return position < kIntervals ? Interpolate(above_, position) : Rho(x, 1);
  }

 private:
  struct Knot {
    double value = 0;
    double slope = 0;  // per interval
  };
  static constexpr int kIntervals = 1024;
  static constexpr double kKnee = 0.9;
  static constexpr double kTail = 3;
  // One more than there are: just below the end a position may round up to it.
  using Knots = std::array<Knot, kIntervals + 2>;

  // The slope is continuous at the knee.
  static double SlopeBelow(double x) { return RhoSlope(std::min(x, kKnee)); }

  static double Interpolate(const Knots& knots, double position) {
    const auto i = static_cast<size_t>(position);
    const double t = position - static_cast<double>(i);
    const Knot& a = knots[i];
    const Knot& b = knots[i + 1];
    const double rise = b.value - a.value;
    const double c2 = 3 * rise - 2 * a.slope - b.slope;
    const double c3 = a.slope + b.slope - 2 * rise;
    return a.value + t * (a.slope + t * (c2 + t * c3));
  }

  Knots below_;
  Knots above_;
};

const RhoTable& TheRhoTable() {
  static const RhoTable table;
  return table;
}

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

// R^s of an access point on an assignment, by what it hears on the busiest of
// its slots.
struct Cost {
  const RhoTable& rho = TheRhoTable();
  OccupancyLaw law = OccupancyLaw::kSum;
  double own = 0;         // its own share, if that counts
  double width_gain = 0;  // ln 2^b
  double weight = 0;      // load

  double operator()(double added) const {
    return (rho(Busy(law, added + own)) - width_gain) * weight;
  }
};

double Most(const double* heard, int count) {
  double most = heard[0];
  for (int k = 1; k < count; ++k) most = std::max(most, heard[k]);
  return most;
}

double Most(const double* heard, const double* more, int count) {
  double most = heard[0] + more[0];
  for (int k = 1; k < count; ++k) most = std::max(most, heard[k] + more[k]);
  return most;
}

int PositionAmong(const std::vector<InterferenceGraph::Edge>& edges, int ap) {
  for (size_t k = 0; k < edges.size(); ++k) {
    if (edges[k].ap == ap) return static_cast<int>(k);
  }
  return -1;
}

}  // namespace

PlanState::PlanState(const InterferenceGraph* graph, const ChannelTable* table,
                     const AirtimeChoices& choices)
    : graph_(graph),
      table_(table),
      choices_(choices),
      assignments_(static_cast<int>(table->assignments().size())) {
  Classify();
  const int n = size();
  first_victim_.push_back(0);
  for (int i = 0; i < n; ++i) {
    first_victim_.push_back(first_victim_.back() + graph_->victims[i].size());
    alone_.push_back(MakePair(i, -1));
    std::vector<int> others;
    for (const auto& edge : graph_->victims[i]) others.push_back(edge.ap);
    for (const auto& edge : graph_->heard[i]) others.push_back(edge.ap);
    std::sort(others.begin(), others.end());
    others.erase(std::unique(others.begin(), others.end()), others.end());
    for (int j : others) {
      if (j > i) pairs_.push_back(MakePair(i, j));
    }
  }
  for (int i = 0; i < n; ++i) {
    if (graph_->victims[i].empty() && graph_->heard[i].empty()) {
      pairs_.push_back(alone_[i]);
    }
  }
}

// Sorts, for every assignment, all others by the part of it that they take.
void PlanState::Classify() {
  const auto& all = table_->assignments();
  for (const ChannelAssignment& one : all) {
    ranges_.push_back(table_->Slots(one));
    bonding_.push_back(one.bonding);
  }
  overlaps_.resize(all.size());
  overlap_of_.assign(all.size() * all.size(), 0);
  for (size_t a = 0; a < all.size(); ++a) {
    AIRLOCK_CHECK(ranges_[a].count <= kWidest, "{}", ranges_[a].count);
    std::vector<Overlap>& kinds = overlaps_[a];
    kinds.emplace_back();
    for (size_t x = 0; x < all.size(); ++x) {
      const int begin = std::max(ranges_[a].first, ranges_[x].first);
      const int end = std::min(ranges_[a].first + ranges_[a].count,
                               ranges_[x].first + ranges_[x].count);
      size_t kind = 0;
      if (begin < end) {
        const int first = begin - ranges_[a].first;
        for (kind = 1; kind < kinds.size(); ++kind) {
          if (kinds[kind].first == first && kinds[kind].count == end - begin &&
              kinds[kind].bonding == all[x].bonding) {
            break;
          }
        }
        if (kind == kinds.size()) {
          kinds.push_back({first, end - begin, all[x].bonding, {}});
        }
      }
      kinds[kind].members.push_back(static_cast<int>(x));
      overlap_of_[a * all.size() + x] = static_cast<int>(kind);
    }
    AIRLOCK_CHECK(kinds.size() <= kMostOverlaps, "{}", kinds.size());
  }
}

PlanPair PlanState::MakePair(int first, int second) const {
  PlanPair pair;
  pair.first = first;
  pair.second = second;
  const auto& by_first = graph_->victims[first];
  for (size_t k = 0; k < by_first.size(); ++k) {
    if (by_first[k].ap == second) continue;
    PlanPair::Victim victim;
    victim.ap = by_first[k].ap;
    victim.by_first = static_cast<int>(k);
    if (second >= 0) {
      victim.by_second = PositionAmong(graph_->victims[second], victim.ap);
    }
    pair.victims.push_back(victim);
  }
  if (second < 0) return pair;
  pair.second_by_first = PositionAmong(by_first, second);
  pair.first_by_second = PositionAmong(graph_->victims[second], first);
  const auto& by_second = graph_->victims[second];
  for (size_t k = 0; k < by_second.size(); ++k) {
    const int ap = by_second[k].ap;
    if (ap == first || PositionAmong(by_first, ap) >= 0) continue;
    pair.victims.push_back({ap, -1, static_cast<int>(k)});
  }
  return pair;
}

int PlanState::PositionOf(ChannelAssignment assignment) const {
  const auto& all = table_->assignments();
  const auto found = std::find(all.begin(), all.end(), assignment);
  AIRLOCK_CHECK(found != all.end(), "channel {} bonding {}", assignment.channel,
                assignment.bonding);
  return static_cast<int>(found - all.begin());
}

const double* PlanState::AddsOf(int ap, int victim_position,
                                int case_index) const {
  if (victim_position < 0) return nullptr;
  const size_t of_case = static_cast<size_t>(case_index) * first_victim_.back();
  return &adds_[(of_case + first_victim_[ap] + victim_position) *
                table_->bonding_levels()];
}

const double* PlanState::HeardAt(int ap, int case_index) const {
  return &heard_[(static_cast<size_t>(case_index) * size() + ap) *
                 table_->slots()];
}

double* PlanState::HeardAt(int ap, int case_index) {
  return &heard_[(static_cast<size_t>(case_index) * size() + ap) *
                 table_->slots()];
}

void PlanState::SetLoads(const ChannelPlan& before,
                         const std::vector<double>& loads_now,
                         const std::vector<std::vector<double>>& cases) {
  const size_t n = size();
  AIRLOCK_CHECK(before.size() == n && loads_now.size() == n, "{}", n);
  AIRLOCK_CHECK(!cases.empty());
  before_.clear();
  for (const ChannelAssignment& one : before)
    before_.push_back(PositionOf(one));
  loads_now_ = loads_now;
  cases_ = cases;
  adds_.clear();
  for (const std::vector<double>& loads : cases_) {
    AIRLOCK_CHECK(loads.size() == n, "{}", loads.size());
    for (size_t i = 0; i < n; ++i) {
      for (const InterferenceGraph::Edge& edge : graph_->victims[i]) {
        for (int b = 0; b < table_->bonding_levels(); ++b) {
          adds_.push_back(
              Added(choices_.law, edge.weight * std::ldexp(loads[i], -b)));
        }
      }
    }
  }
}

void PlanState::SetPlan(const ChannelPlan& plan) {
  AIRLOCK_CHECK(static_cast<int>(plan.size()) == size(), "{}", plan.size());
  heard_.assign(cases_.size() * size() * table_->slots(), 0.0);
  at_.assign(plan.size(), kAbsent);
  for (int i = 0; i < size(); ++i) Move(i, PositionOf(plan[i]));
}

ChannelPlan PlanState::plan() const {
  ChannelPlan plan;
  for (int at : at_) {
    AIRLOCK_CHECK(at != kAbsent);
    plan.push_back(table_->assignments()[at]);
  }
  return plan;
}

struct PlanState::Costing {
  static Cost Of(const PlanState& state, int ap, int assignment,
                 int case_index) {
    const double load = state.cases_[case_index][ap];
    const int bonding = state.bonding_[assignment];
    Cost cost;
    cost.law = state.choices_.law;
    cost.width_gain = kLn2 * bonding;
    cost.weight = load / static_cast<double>(state.cases_.size());
    if (state.choices_.own_load) {
      cost.own = Added(cost.law, std::ldexp(load, -bonding));
    }
    return cost;
  }
};

double PlanState::Total() const {
  double total = 0;
  double heard[kWidest];
  for (int i = 0; i < size(); ++i) {
    if (at_[i] == kAbsent) continue;
    for (size_t s = 0; s < cases_.size(); ++s) {
      Background(i, at_[i], s, nullptr, kAbsent, nullptr, kAbsent, heard);
      total +=
          Costing::Of(*this, i, at_[i], s)(Most(heard, ranges_[at_[i]].count));
    }
    if (at_[i] != before_[i]) total += choices_.change_weight * loads_now_[i];
  }
  return total;
}

double PlanState::Utilisation(int ap, int assignment) const {
  double sum = 0;
  const SlotRange range = ranges_[assignment];
  for (size_t s = 0; s < cases_.size(); ++s) {
    const double* heard = HeardAt(ap, s) + range.first;
    double most = *std::max_element(heard, heard + range.count);
    if (choices_.own_load) {
      const int bonding = bonding_[assignment];
      most += Added(choices_.law, std::ldexp(cases_[s][ap], -bonding));
    }
    sum += Busy(choices_.law, most);
  }
  return sum / static_cast<double>(cases_.size());
}

void PlanState::Move(int ap, int to) {
  const int from = at_[ap];
  if (from == to) return;
  at_[ap] = to;
  const auto change = [&](int assignment, double sign) {
    if (assignment == kAbsent) return;
    const SlotRange range = ranges_[assignment];
    const int bonding = bonding_[assignment];
    const auto& victims = graph_->victims[ap];
    for (size_t s = 0; s < cases_.size(); ++s) {
      for (size_t v = 0; v < victims.size(); ++v) {
        const double added = sign * AddsOf(ap, v, s)[bonding];
        double* heard = HeardAt(victims[v].ap, s) + range.first;
        for (int k = 0; k < range.count; ++k) heard[k] += added;
      }
    }
  };
  change(from, -1);
  change(to, 1);
}

void PlanState::Background(int ap, int assignment, int case_index,
                           const double* first_adds, int first_at,
                           const double* second_adds, int second_at,
                           double* heard) const {
  const SlotRange range = ranges_[assignment];
  const double* all = HeardAt(ap, case_index) + range.first;
  std::copy(all, all + range.count, heard);
  const auto take = [&](const double* adds, int at) {
    if (adds == nullptr || at == kAbsent) return;
    const int kind = overlap_of_[assignment * assignments_ + at];
    if (kind == 0) return;
    const Overlap& overlap = overlaps_[assignment][kind];
    const int end = overlap.first + overlap.count;
    for (int k = overlap.first; k < end; ++k) heard[k] -= adds[overlap.bonding];
  };
  take(first_adds, first_at);
  take(second_adds, second_at);
}

// What `adds` of a neighbour are on each slot of `assignment`, one row for each
// of the ways in which the neighbour's assignment overlaps it.
void PlanState::Spread(int assignment, const double* adds,
                       Spreads* spread) const {
  const std::vector<Overlap>& kinds = overlaps_[assignment];
  for (size_t kind = 0; kind < kinds.size(); ++kind) {
    auto& row = (*spread)[kind];
    std::fill_n(row.begin(), ranges_[assignment].count, 0.0);
    if (kind == 0) continue;
    const Overlap& overlap = kinds[kind];
    std::fill_n(row.begin() + overlap.first, overlap.count,
                adds[overlap.bonding]);
  }
}

void PlanState::AddOwn(int ap, int other, const double* other_adds,
                       int case_index, Eigen::ArrayXd* own,
                       Eigen::ArrayXXd* both, bool transposed) const {
  double heard[kWidest];
  Spreads spread;
  for (int x = 0; x < assignments_; ++x) {
    const Cost cost = Costing::Of(*this, ap, x, case_index);
    const int count = ranges_[x].count;
    Background(ap, x, case_index, other_adds, other < 0 ? kAbsent : at_[other],
               nullptr, kAbsent, heard);
    const double undisturbed = cost(Most(heard, count));
    (*own)(x) += undisturbed;
    if (other_adds == nullptr) continue;
    Spread(x, other_adds, &spread);
    for (size_t kind = 1; kind < overlaps_[x].size(); ++kind) {
      const double more =
          cost(Most(heard, spread[kind].data(), count)) - undisturbed;
      for (int y : overlaps_[x][kind].members) {
        (transposed ? (*both)(y, x) : (*both)(x, y)) += more;
      }
    }
  }
}

void PlanState::AddVictim(const PlanPair& pair, const PlanPair::Victim& victim,
                          int case_index, PairCosts* costs) const {
  const int at = at_[victim.ap];
  if (at == kAbsent || cases_[case_index][victim.ap] <= 0) return;
  const double* first = AddsOf(pair.first, victim.by_first, case_index);
  const double* second =
      pair.second < 0 ? nullptr
                      : AddsOf(pair.second, victim.by_second, case_index);
  double heard[kWidest];
  Background(victim.ap, at, case_index, first, at_[pair.first], second,
             pair.second < 0 ? kAbsent : at_[pair.second], heard);
  const Cost cost = Costing::Of(*this, victim.ap, at, case_index);
  const std::vector<Overlap>& kinds = overlaps_[at];
  const int count = ranges_[at].count;
  const double none = cost(Most(heard, count));
  Spreads by_first;
  Spreads by_second;
  double second_alone[kMostOverlaps];
  if (second != nullptr) Spread(at, second, &by_second);
  for (size_t b = 1; second != nullptr && b < kinds.size(); ++b) {
    second_alone[b] = cost(Most(heard, by_second[b].data(), count)) - none;
    for (int y : kinds[b].members) costs->second(y) += second_alone[b];
  }
  if (first == nullptr) return;
  Spread(at, first, &by_first);
  for (size_t a = 1; a < kinds.size(); ++a) {
    double with_first[kWidest] = {};
    for (int k = 0; k < count; ++k) with_first[k] = heard[k] + by_first[a][k];
    const double alone = cost(Most(with_first, count)) - none;
    for (int x : kinds[a].members) costs->first(x) += alone;
    for (size_t b = 1; second != nullptr && b < kinds.size(); ++b) {
      const double more = cost(Most(with_first, by_second[b].data(), count)) -
                          none - alone - second_alone[b];
      for (int x : kinds[a].members) {
        for (int y : kinds[b].members) costs->both(x, y) += more;
      }
    }
  }
}

void PlanState::Costs(const PlanPair& pair, PairCosts* costs) const {
  const int second = pair.second;
  costs->first.setZero(assignments_);
  costs->second.setZero(assignments_);
  costs->both.setZero(assignments_, second < 0 ? 0 : assignments_);
  for (size_t s = 0; s < cases_.size(); ++s) {
    const double* by_second =
        second < 0 ? nullptr : AddsOf(second, pair.first_by_second, s);
    AddOwn(pair.first, second, by_second, s, &costs->first, &costs->both,
           false);
    if (second >= 0) {
      AddOwn(second, pair.first, AddsOf(pair.first, pair.second_by_first, s), s,
             &costs->second, &costs->both, true);
    }
    for (const PlanPair::Victim& victim : pair.victims) {
      AddVictim(pair, victim, s, costs);
    }
  }
  const auto charge = [&](int ap, Eigen::ArrayXd* own) {
    const double change = choices_.change_weight * loads_now_[ap];
    *own += change;
    (*own)(before_[ap]) -= change;
  };
  charge(pair.first, &costs->first);
  if (second >= 0) charge(second, &costs->second);
}

const Eigen::ArrayXd& PlanState::Costs(int ap) {
  Costs(alone_[ap], &work_);
  return work_.first;
}

}  // namespace airlock
