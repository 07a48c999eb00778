#include "agents/baselines/shielded_planner.h"

#include <algorithm>
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

void ShieldedPlanner::Begin(const std::vector<std::string>& access_points) {
  const ShieldLimits limits = limits_of_(access_points);
  const auto size = static_cast<int>(access_points.size());
  shield_ = std::make_unique<ChannelShield>(setup_.table, setup_.choices,
                                            limits, size);
  audit_ =
      std::make_unique<PlanAudit>(setup_.table, setup_.choices, limits, size);
  access_points_ = access_points;
}

ChannelPlan ShieldedPlanner::Decide(const PlannerView& view) {
  if (shield_ == nullptr) Begin(view.access_points);
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
  ShieldVerdict verdict = shield_->Admit(situation, proposed);
  audit_->Judge(situation, verdict.plan);
  refused_ = std::move(verdict.refused);
  rescued_ = std::move(verdict.rescued);
  return verdict.plan;
}

ChoiceOrigin ShieldedPlanner::OriginOf(int ap) const {
  for (const ShieldRefusal& refusal : refused_) {
    if (refusal.ap != ap) continue;
    const std::string channel =
        setup_.table.Has(refusal.proposed)
            ? fmt::format("channel {} ({} MHz)",
                          setup_.table.Number(refusal.proposed.channel),
                          20 << refusal.proposed.bonding)
            : std::string("a channel that the network does not have");
    return {
        ChoiceOrigin::By::kShield,
        fmt::format("rule '{}' forbids {}", ToString(refusal.rule), channel)};
  }
  if (std::count(rescued_.begin(), rescued_.end(), ap) > 0) {
    return {ChoiceOrigin::By::kShield, "had to leave a forbidden channel"};
  }
  return planner_->OriginOf(ap);
}

nlohmann::json ShieldedPlanner::Save() const {
  nlohmann::json saved = {{"planner", planner_->Save()}};
  if (shield_ == nullptr) return saved;
  saved["access_points"] = access_points_;
  saved["shield"] = shield_->Save();
  saved["audit"] = audit_->Save();
  return saved;
}

void ShieldedPlanner::Load(const nlohmann::json& saved) {
  planner_->Load(saved.at("planner"));
  if (!saved.contains("shield")) return;
  Begin(saved.at("access_points").get<std::vector<std::string>>());
  shield_->Load(saved.at("shield"));
  audit_->Load(saved.at("audit"));
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
