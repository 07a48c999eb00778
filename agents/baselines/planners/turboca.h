#pragma once

#include <cstdint>

#include "agents/baselines/channel_planner.h"

namespace airlock {

// TurboCA (Bhartia et al., "Measurement-based, Practical Techniques to Improve
// 802.11ac Performance", IMC 2017) with the regret in the place of its own
// objective, as Iacoboaiea et al. compare against. In a pass of h hops an
// access point is drawn; it and those within h hops that have not had their
// turn are taken off the air, and put back one by one in random order, each
// with the assignment that raises the regret least; then the next is drawn
// until all had their turn. A pass that does not lower the regret is undone.
// The first decision makes passes of 2, 1 and 0 hops, every twelfth of 1 and 0,
// the others of 0 hops.
class TurboCaPlanner : public ChannelPlanner {
 public:
  explicit TurboCaPlanner(const PlannerSetup& setup)
      : setup_(setup), rng_(setup.rng) {}
  ChannelPlan Decide(const PlannerView& view) override;
  nlohmann::json Save() const override {
    return {{"rng", rng_.position()}, {"decisions", decisions_}};
  }
  void Load(const nlohmann::json& saved) override {
    rng_.MoveTo(saved.at("rng").get<uint64_t>());
    decisions_ = saved.at("decisions");
  }

  static constexpr int kFirstHops = 2;
  static constexpr int kWideHops = 1;
  static constexpr int64_t kWideInterval = 12;

 private:
  const PlannerSetup setup_;
  RngStream rng_;
  int64_t decisions_ = 0;
};

}  // namespace airlock
