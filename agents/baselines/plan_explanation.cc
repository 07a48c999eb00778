#include "agents/baselines/plan_explanation.h"

#include <limits>

#include "sim/surrogate/airtime_batch.h"

namespace airlock {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// u+ of every access point under both plans.
struct PlanEstimates {
  Eigen::ArrayXd before;
  Eigen::ArrayXd after;
};

PlanEstimates EstimatesOf(const PlannerView& view, const PlannerSetup& setup,
                          const ChannelPlan& plan) {
  AirtimeBatch batch(setup.table, setup.choices);
  batch.Add(InterferenceMap(view.rssi_dbm, setup.choices));
  const Eigen::ArrayXd loads = Eigen::Map<const Eigen::ArrayXd>(
      view.forecast().data(),
      static_cast<Eigen::Index>(view.forecast().size()));
  PlanEstimates estimates;
  batch.SetPlan(view.plan);
  estimates.before = batch.Utilise(loads);
  estimates.after = estimates.before;
  if (plan == view.plan) return estimates;
  batch.SetPlan(plan);
  estimates.after = batch.Utilise(loads);
  return estimates;
}

// Of the planner's own choices the estimates are the reason.
std::string ReasonOf(const ExplainedDecision& one, const ChoiceOrigin& origin) {
  if (!origin.reason.empty()) return origin.reason;
  if (!one.moves()) return "no better plan";
  if (one.utilisation_after < one.utilisation_before) {
    return "is to hear less of others";
  }
  if (one.mean_after < one.mean_before) return "others are to hear less of it";
  return "not for the utilisation of this slot";
}

}  // namespace

std::vector<ExplainedDecision> ExplainPlan(
    const PlannerView& view, const PlannerSetup& setup, const ChannelPlan& plan,
    const std::function<ChoiceOrigin(int)>& origin_of) {
  const PlanEstimates estimates = EstimatesOf(view, setup, plan);
  const auto width = [](ChannelAssignment one) {
    return ChannelTable::WidthHz(one.bonding);
  };
  ExplainedDecision common;
  common.time_seconds = view.run_seconds;
  common.mean_before = estimates.before.mean();
  common.mean_after = estimates.after.mean();
  std::vector<ExplainedDecision> decisions;
  for (int i = 0; i < view.size(); ++i) {
    const ChoiceOrigin origin = origin_of(i);
    const bool held = origin.by == ChoiceOrigin::By::kShield;
    if (plan[i] == view.plan[i] && !held) continue;
    ExplainedDecision one = common;
    one.access_point = view.access_points[i];
    one.channel_before = setup.table.Number(view.plan[i].channel);
    one.width_before_hz = width(view.plan[i]);
    one.channel_after = setup.table.Number(plan[i].channel);
    one.width_after_hz = width(plan[i]);
    one.utilisation_before = estimates.before[i];
    one.utilisation_after = estimates.after[i];
    one.decided_by = ToString(origin.by);
    one.reason = ReasonOf(one, origin);
    decisions.push_back(std::move(one));
  }
  if (!decisions.empty()) return decisions;
  common.channel_before = common.channel_after = kNone;
  common.width_before_hz = common.width_after_hz = kNone;
  common.utilisation_before = common.utilisation_after = kNone;
  const ChoiceOrigin origin = origin_of(0);
  common.decided_by = ToString(origin.by);
  common.reason = ReasonOf(common, origin);
  return {common};
}

}  // namespace airlock
