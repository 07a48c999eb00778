#pragma once

#include "agents/baselines/channel_planner.h"

namespace airlock {

// Once a day, at 03:00: a local search (as `dynls`) for the plan with the least
// mean regret over the 24 hours, each with its mean load in the last seven
// days; a change costs what it costs once in a day of slots.
class DailyHistoryPlanner : public ChannelPlanner {
 public:
  explicit DailyHistoryPlanner(const PlannerSetup& setup);
  ChannelPlan Decide(const PlannerView& view) override;
  nlohmann::json Save() const override { return setup_.rng.position(); }
  void Load(const nlohmann::json& saved) override {
    setup_.rng.MoveTo(saved.get<uint64_t>());
  }

 private:
  PlannerSetup setup_;
};

}  // namespace airlock
