#include "agents/baselines/planners/daily_ai_7d.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "agents/baselines/local_search.h"
#include "agents/baselines/planners/once_a_day.h"

namespace airlock {
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
    double begin =
        std::fmod(view.seconds_of_day - static_cast<double>(age) * slot_seconds,
                  kDaySeconds);
    if (begin < 0) begin += kDaySeconds;
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
  setup_.choices.change_weight *=
      std::min(1.0, setup_.slot_seconds / kDaySeconds);
}

ChannelPlan DailyHistoryPlanner::Decide(const PlannerView& view) {
  if (!IsPlanningHour(view, setup_.slot_seconds)) return view.plan;
  return SearchPlan(view, setup_, HourlyMeans(view, setup_.slot_seconds), {},
                    &setup_.rng);
}

}  // namespace airlock
