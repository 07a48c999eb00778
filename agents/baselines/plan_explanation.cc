#include "agents/baselines/plan_explanation.h"

#include <fmt/format.h>

#include "sim/surrogate/airtime_batch.h"

namespace airlock {

std::vector<AssignmentChange> ExplainPlan(const PlannerView& view,
                                          const PlannerSetup& setup,
                                          const ChannelPlan& plan) {
  std::vector<AssignmentChange> changes;
  if (plan == view.plan) return changes;
  AirtimeBatch batch(setup.table, setup.choices);
  batch.Add(InterferenceMap(view.rssi_dbm, setup.choices));
  const Eigen::ArrayXd loads = Eigen::Map<const Eigen::ArrayXd>(
      view.forecast().data(),
      static_cast<Eigen::Index>(view.forecast().size()));
  batch.SetPlan(view.plan);
  const Eigen::ArrayXd before = batch.Utilise(loads);
  batch.SetPlan(plan);
  const Eigen::ArrayXd after = batch.Utilise(loads);
  for (int i = 0; i < view.size(); ++i) {
    if (plan[i] == view.plan[i]) continue;
    changes.push_back(
        {view.access_points[i], view.plan[i], plan[i], before[i], after[i]});
  }
  return changes;
}

std::string ToString(const AssignmentChange& change,
                     const ChannelTable& table) {
  const auto text = [&](ChannelAssignment one) {
    const std::string number = std::to_string(table.Number(one.channel));
    if (change.before.bonding == change.after.bonding) return number;
    return fmt::format("{} ({:.0f} MHz)", number,
                       ChannelTable::WidthHz(one.bonding) / 1e6);
  };
  return fmt::format(
      "{}: channel {} -> {}, estimated utilisation {:.1f} -> {:.1f} %",
      change.access_point, text(change.before), text(change.after),
      100 * change.utilisation_before, 100 * change.utilisation_after);
}

}  // namespace airlock
