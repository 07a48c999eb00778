#pragma once

#include "agents/baselines/channel_planner.h"

namespace airlock {

// dynLS with the future load and 100 runs, 15 from the plan in force and 85
// from random ones: what a planner could do at best in one slot, which is not
// the best over many where changes cost. Keeps the plan in force where the
// future is not known.
class OraclePlanner : public ChannelPlanner {
 public:
  explicit OraclePlanner(const PlannerSetup& setup)
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
