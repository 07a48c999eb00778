#pragma once

#include <vector>

#include "agents/baselines/channel_planner.h"

namespace airlock {

// What many controllers of access points do out of the box (their manuals call
// it scheduled radio calibration and noise floor policy):
// - once a day, at 03:00, each access point in turn goes to the channel on
// which
//   it hears the least power of others (the sum in mW over the slots it takes),
//   at the width it has, until none moves or ten rounds are over. Loads count
//   for nothing.
// - three slots in a row with a noise floor above -75 dBm: the access point
//   leaves its channel at once, for the quietest one that does not meet it, and
//   does not come back within 30 minutes. Without noise readings the rule
//   rests.
class LegacyDailyPlanner : public ChannelPlanner {
 public:
  explicit LegacyDailyPlanner(const PlannerSetup& setup) : setup_(setup) {}
  ChannelPlan Decide(const PlannerView& view) override;
  nlohmann::json Save() const override;
  void Load(const nlohmann::json& saved) override;

  static constexpr double kNoiseThresholdDbm = -75;
  static constexpr int kStrikes = 3;
  static constexpr double kAwaySeconds = 30 * 60;

 private:
  struct Ban {
    ChannelAssignment from;
    double until = 0;  // seconds of the run
  };

  void NoteNoise(const PlannerView& view, double now);
  bool Banned(int ap, ChannelAssignment assignment, double now) const;
  // The quietest assignment of the width that `ap` has.
  ChannelAssignment Quietest(const PlannerView& view, const ChannelPlan& plan,
                             int ap, double now) const;

  const PlannerSetup setup_;
  std::vector<int> strikes_;            // of each AP
  std::vector<std::vector<Ban>> bans_;  // of each AP
};

}  // namespace airlock
