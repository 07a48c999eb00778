#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agents/baselines/channel_planner.h"
#include "agents/safety/channel_shield.h"
#include "agents/safety/plan_audit.h"

namespace airlock {

// Any planner behind a shield (agents/safety/channel_shield.h): it is told what
// is allowed (PlannerView::allowed), and what it proposes against a rule is
// counted and replaced. A PlanAudit judges every plan that comes out.
class ShieldedPlanner : public ChannelPlanner {
 public:
  // The limits of a network, which has `access_points`, in the order of views.
  using LimitsOf = std::function<ShieldLimits(const std::vector<std::string>&)>;

  // Throws InputError at the first decision as CheckLimits(), where `limits`
  // throws it, or where `setup` is of another network.
  ShieldedPlanner(std::unique_ptr<ChannelPlanner> planner,
                  const PlannerSetup& setup, LimitsOf limits);
  // For limits that name no access point.
  ShieldedPlanner(std::unique_ptr<ChannelPlanner> planner,
                  const PlannerSetup& setup, const ShieldLimits& limits);

  // The shield's forecast is the planner's: view.forecast().
  ChannelPlan Decide(const PlannerView& view) override;
  // Refusals by rule, rescues, plans, unsafe plans and their bound, then the
  // planner's own.
  std::vector<Metric> Metrics() const override;
  ChoiceOrigin OriginOf(int ap) const override;
  nlohmann::json Save() const override;
  void Load(const nlohmann::json& saved) override;

  // Null before the first decision.
  const ChannelShield* shield() const { return shield_.get(); }
  const PlanAudit* audit() const { return audit_.get(); }

 private:
  void Begin(const std::vector<std::string>& access_points);

  const std::unique_ptr<ChannelPlanner> planner_;
  const PlannerSetup setup_;
  const LimitsOf limits_of_;
  std::unique_ptr<ChannelShield> shield_;
  std::unique_ptr<PlanAudit> audit_;
  std::vector<std::string> access_points_;
  std::vector<ShieldRefusal> refused_;  // in the last plan
  std::vector<int> rescued_;
};

}  // namespace airlock
