#pragma once

#include "agents/baselines/channel_planner.h"

namespace airlock {

// dynLS: a local search for the forecast, the best of four runs from the plan
// in force.
class DynLsPlanner : public ChannelPlanner {
 public:
  explicit DynLsPlanner(const PlannerSetup& setup)
      : setup_(setup), rng_(setup.rng) {}
  ChannelPlan Decide(const PlannerView& view) override;
  nlohmann::json Save() const override { return rng_.position(); }
  void Load(const nlohmann::json& saved) override {
    rng_.MoveTo(saved.get<uint64_t>());
  }

 private:
  const PlannerSetup setup_;
  RngStream rng_;
};

}  // namespace airlock
