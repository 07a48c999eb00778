#include "agents/baselines/channel_planners.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "agents/baselines/plan_state.h"
#include "sim/topology/colouring.h"

namespace airlock {
namespace {

constexpr double kDay = 86400;
constexpr double kThreeOClock = 3 * 3600;

// Whether the slot to come is the first that begins at 03:00 or later.
bool PlanningHour(const PlannerView& view, double slot_seconds) {
  const double since =
      std::fmod(view.seconds_of_day - kThreeOClock + kDay, kDay);
  return since < slot_seconds;
}

bool Meet(SlotRange a, SlotRange b) {
  return a.first < b.first + b.count && b.first < a.first + a.count;
}

// How many of the slots of `a` are also of `b`.
int Shared(SlotRange a, SlotRange b) {
  return std::max(0, std::min(a.first + a.count, b.first + b.count) -
                         std::max(a.first, b.first));
}

double Milliwatt(double dbm) {
  return std::isnan(dbm) ? 0 : std::pow(10, dbm / 10);
}

std::vector<int> Shuffled(int count, RngStream* rng) {
  std::vector<int> order(count);
  std::iota(order.begin(), order.end(), 0);
  for (size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[rng->UniformInt(i)]);
  }
  return order;
}

// --- legacy-daily -----------------------------------------------------------

// What `ap` hears of others on the slots of `assignment`, in mW; `own_at`: of
// the assignments themselves.
double PowerOn(const PlannerView& view, const ChannelTable& table,
               const ChannelPlan& plan, int ap, ChannelAssignment assignment) {
  const SlotRange range = table.Slots(assignment);
  double power = 0;
  for (int other = 0; other < view.size(); ++other) {
    if (other == ap) continue;
    const SlotRange taken = table.Slots(plan[other]);
    power += Milliwatt(view.rssi_dbm(ap, other)) * Shared(taken, range) /
             taken.count;
  }
  return power;
}

}  // namespace

ChannelPlan LegacyDailyPlanner::Decide(const PlannerView& view) {
  const double now = static_cast<double>(view.slot) * setup_.slot_seconds;
  strikes_.resize(view.size(), 0);
  bans_.resize(view.size());
  NoteNoise(view, now);
  ChannelPlan plan = view.plan;
  for (int ap = 0; ap < view.size(); ++ap) {
    if (Banned(ap, plan[ap], now)) plan[ap] = Quietest(view, plan, ap, now);
  }
  if (!PlanningHour(view, setup_.slot_seconds)) return plan;
  constexpr int kRounds = 10;
  bool moved = true;
  for (int round = 0; round < kRounds && moved; ++round) {
    moved = false;
    for (int ap = 0; ap < view.size(); ++ap) {
      const ChannelAssignment quietest = Quietest(view, plan, ap, now);
      moved |= quietest != plan[ap];
      plan[ap] = quietest;
    }
  }
  return plan;
}

void LegacyDailyPlanner::NoteNoise(const PlannerView& view, double now) {
  for (int ap = 0; ap < view.size(); ++ap) {
    const bool noisy = view.noise_dbm[ap] > kNoiseThresholdDbm;  // no: NaN
    strikes_[ap] = noisy ? strikes_[ap] + 1 : 0;
    if (strikes_[ap] < kStrikes) continue;
    bans_[ap].push_back({view.plan[ap], now + kAwaySeconds});
    strikes_[ap] = 0;
  }
}

bool LegacyDailyPlanner::Banned(int ap, ChannelAssignment assignment,
                                double now) const {
  const SlotRange range = setup_.table.Slots(assignment);
  return std::any_of(bans_[ap].begin(), bans_[ap].end(), [&](const Ban& ban) {
    return now < ban.until && Meet(setup_.table.Slots(ban.from), range);
  });
}

ChannelAssignment LegacyDailyPlanner::Quietest(const PlannerView& view,
                                               const ChannelPlan& plan, int ap,
                                               double now) const {
  const bool may_stay = !Banned(ap, plan[ap], now);
  ChannelAssignment quietest = plan[ap];
  double least = may_stay ? PowerOn(view, setup_.table, plan, ap, quietest)
                          : std::numeric_limits<double>::infinity();
  for (const ChannelAssignment& one : setup_.table.assignments()) {
    if (one.bonding != plan[ap].bonding || Banned(ap, one, now)) continue;
    const double power = PowerOn(view, setup_.table, plan, ap, one);
    if (power >= least) continue;
    least = power;
    quietest = one;
  }
  return quietest;
}

// --- daily-ai-7d ------------------------------------------------------------

namespace {

// The mean load of each hour of the day in the view's history, of those hours
// that it has.
std::vector<std::vector<double>> HourlyMeans(const PlannerView& view,
                                             double slot_seconds) {
  constexpr size_t kHours = 24;
  const size_t n = view.access_points.size();
  std::vector<std::vector<double>> sums(kHours, std::vector<double>(n, 0.0));
  std::vector<double> slots(kHours, 0.0);
  for (size_t age = 1; age <= view.loads.size(); ++age) {
    double begin = std::fmod(
        view.seconds_of_day - static_cast<double>(age) * slot_seconds, kDay);
    if (begin < 0) begin += kDay;
    const size_t hour = std::min(kHours - 1, static_cast<size_t>(begin / 3600));
    const std::vector<double>& loads = view.loads[view.loads.size() - age];
    for (size_t i = 0; i < n; ++i) sums[hour][i] += loads[i];
    slots[hour] += 1;
  }
  std::vector<std::vector<double>> means;
  for (size_t hour = 0; hour < kHours; ++hour) {
    if (slots[hour] == 0) continue;
    for (double& sum : sums[hour]) sum /= slots[hour];
    means.push_back(sums[hour]);
  }
  return means;
}

}  // namespace

DailyHistoryPlanner::DailyHistoryPlanner(const PlannerSetup& setup)
    : setup_(setup) {
  setup_.choices.change_weight *= std::min(1.0, setup_.slot_seconds / kDay);
}

ChannelPlan DailyHistoryPlanner::Decide(const PlannerView& view) {
  if (!PlanningHour(view, setup_.slot_seconds)) return view.plan;
  return SearchPlan(view, setup_, HourlyMeans(view, setup_.slot_seconds), {},
                    &setup_.rng);
}

// --- greedy -----------------------------------------------------------------

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
      if (here >= least) continue;
      least = here;
      best = x;
    }
    state.Move(ap, best);
  }
  return state.plan();
}

// --- colouring --------------------------------------------------------------

namespace {

// Assignments of one width that do not meet, in the order of the table.
std::vector<ChannelAssignment> Colours(const ChannelTable& table, int bonding) {
  std::vector<ChannelAssignment> colours;
  for (const ChannelAssignment& one : table.assignments()) {
    if (one.bonding != bonding) continue;
    const bool free = std::none_of(
        colours.begin(), colours.end(), [&](const ChannelAssignment& other) {
          return Meet(table.Slots(one), table.Slots(other));
        });
    if (free) colours.push_back(one);
  }
  return colours;
}

double SharedWeight(const std::vector<Conflict>& conflicts,
                    const ChannelTable& table, const ChannelPlan& plan) {
  double weight = 0;
  for (const Conflict& conflict : conflicts) {
    const bool share =
        Meet(table.Slots(plan[conflict.a]), table.Slots(plan[conflict.b]));
    if (share) weight += conflict.weight;
  }
  return weight;
}

int TotalWidth(const ChannelPlan& plan) {
  return std::accumulate(plan.begin(), plan.end(), 0,
                         [](int sum, const ChannelAssignment& one) {
                           return sum + (1 << one.bonding);
                         });
}

}  // namespace

ChannelPlan ColouringPlanner::Decide(const PlannerView& view) {
  const Eigen::MatrixXd m = InterferenceMap(view.rssi_dbm, setup_.choices);
  std::vector<Conflict> conflicts;
  for (int i = 0; i < view.size(); ++i) {
    for (int j = i + 1; j < view.size(); ++j) {
      const double weight = m(i, j) + m(j, i);
      if (weight > 0) conflicts.push_back({i, j, weight});
    }
  }
  ChannelPlan plan = view.plan;
  for (int b = setup_.table.bonding_levels() - 1; b >= 0; --b) {
    const auto colours = Colours(setup_.table, b);
    if (colours.empty()) continue;
    const std::vector<int> colour = ColourConflicts(
        view.size(), conflicts, static_cast<int>(colours.size()));
    for (int i = 0; i < view.size(); ++i) plan[i] = colours[colour[i]];
    if (SharedWeight(conflicts, setup_.table, plan) <= 0) break;
  }
  const double now = SharedWeight(conflicts, setup_.table, view.plan);
  const double then = SharedWeight(conflicts, setup_.table, plan);
  const bool better =
      then < now || (then == now && TotalWidth(plan) > TotalWidth(view.plan));
  return better ? plan : view.plan;
}

// --- turboca ----------------------------------------------------------------

namespace {

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

// The assignment that costs least; of equals the one that `ap` had.
int Cheapest(const Eigen::ArrayXd& costs, int had) {
  constexpr double kLeastGain = 1e-8;
  Eigen::Index cheapest = 0;
  const double least = costs.minCoeff(&cheapest);
  return least < costs(had) - kLeastGain ? static_cast<int>(cheapest) : had;
}

void Pass(int hops, PlanState* state, RngStream* rng) {
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
      state->Move(group[k], Cheapest(state->Costs(group[k]), had[k]));
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
  for (; hops >= 0; --hops) Pass(hops, &state, &rng_);
  return state.plan();
}

// --- dynls, oracle ----------------------------------------------------------

ChannelPlan DynLsPlanner::Decide(const PlannerView& view) {
  return SearchPlan(view, setup_, {view.forecast()}, {}, &rng_);
}

ChannelPlan OraclePlanner::Decide(const PlannerView& view) {
  if (!view.known_loads) return view.plan;
  LocalSearchOptions options;
  options.runs_from_present = 15;
  options.runs_from_random = 85;
  return SearchPlan(view, setup_, {*view.known_loads}, options, &rng_);
}

}  // namespace airlock
