#include "agents/baselines/planners/colouring.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "sim/topology/colouring.h"

namespace airlock {
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

}  // namespace airlock
