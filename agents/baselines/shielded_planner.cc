#include "agents/baselines/shielded_planner.h"

#include <utility>

#include "sim/base/error.h"

namespace airlock {

ShieldedPlanner::ShieldedPlanner(std::unique_ptr<ChannelPlanner> planner,
                                 const PlannerSetup& setup, LimitsOf limits)
    : planner_(std::move(planner)),
      setup_(setup),
      limits_of_(std::move(limits)) {}

ShieldedPlanner::ShieldedPlanner(std::unique_ptr<ChannelPlanner> planner,
                                 const PlannerSetup& setup,
                                 const ShieldLimits& limits)
    : ShieldedPlanner(
          std::move(planner), setup,
          [limits](const std::vector<std::string>&) { return limits; }) {}

ChannelPlan ShieldedPlanner::Decide(const PlannerView& view) {
  if (shield_ == nullptr) {
    const ShieldLimits limits = limits_of_(view.access_points);
    shield_ = std::make_unique<ChannelShield>(setup_.table, setup_.choices,
                                              limits, view.size());
    audit_ = std::make_unique<PlanAudit>(setup_.table, setup_.choices, limits,
                                         view.size());
  }
  PlannerView seen = view;
  const PlanSituation situation{view.run_seconds, view.plan, view.rssi_dbm,
                                view.forecast()};
  seen.allowed = shield_->Allowed(situation);
  const ChannelPlan proposed = planner_->Decide(seen);
  if (proposed.size() != view.access_points.size()) {
    throw InputError(
        fmt::format("a plan of {} access points where there are {}",
                    proposed.size(), view.access_points.size()));
  }
  const ChannelPlan plan = shield_->Admit(situation, proposed).plan;
  audit_->Judge(situation, plan);
  return plan;
}

std::vector<Metric> ShieldedPlanner::Metrics() const {
  const auto count = [](const std::string& name, const std::string& text,
                        int64_t value) {
    return Metric{"shield." + name, "1", text, static_cast<double>(value)};
  };
  const bool begun = shield_ != nullptr;
  std::vector<Metric> metrics;
  for (int rule = 0; rule < kShieldRules; ++rule) {
    const std::string name = ToString(static_cast<ShieldRule>(rule));
    metrics.push_back(count(
        "refused_" + name,
        "assignments that the planner proposed and rule '" + name + "' forbids",
        begun ? shield_->refused()[rule] : 0));
  }
  metrics.push_back(
      count("rescued",
            "access points that had to leave their channel and were placed by "
            "the shield",
            begun ? shield_->rescued() : 0));
  metrics.push_back(count("plans", "plans that were judged after the shield",
                          begun ? audit_->plans() : 0));
  metrics.push_back(count("unsafe_plans", "plans of them that break a rule",
                          begun ? audit_->unsafe_plans() : 0));
  for (const Metric& metric : planner_->Metrics()) metrics.push_back(metric);
  return metrics;
}

}  // namespace airlock
