#pragma once

#include <vector>

#include "agents/baselines/channel_planner.h"
#include "agents/baselines/local_search.h"

// The planners behind the table Planners(), one class each.
namespace airlock {

// Keeps the plan in force.
class StaticPlanner : public ChannelPlanner {
 public:
  explicit StaticPlanner(const PlannerSetup&) {}
  ChannelPlan Decide(const PlannerView& view) override { return view.plan; }
};

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

// Once a day, at 03:00: a local search (as `dynls`) for the plan with the least
// mean regret over the 24 hours, each with its mean load in the last seven
// days; a change costs what it costs once in a day of slots.
class DailyHistoryPlanner : public ChannelPlanner {
 public:
  explicit DailyHistoryPlanner(const PlannerSetup& setup);
  ChannelPlan Decide(const PlannerView& view) override;

 private:
  PlannerSetup setup_;
};

// Least congested channel: each access point in turn takes the assignment on
// which it expects the highest throughput, exp(-rho(u+)), for itself, if that
// is at least a quarter more than now. Nobody counts what it does to others.
class GreedyPlanner : public ChannelPlanner {
 public:
  explicit GreedyPlanner(const PlannerSetup& setup) : setup_(setup) {}
  ChannelPlan Decide(const PlannerView& view) override;

  static constexpr double kLeastGain = 1.25;

 private:
  const PlannerSetup setup_;
};

// Colours the graph of who hears whom by DSATUR, each pair weighing as much as
// they hear of each other; loads count for nothing. The colours are the
// channels of the largest width with which no two neighbours need to share one,
// else those of 20 MHz. Replaces the plan in force only by one whose sharing
// neighbours weigh less, or as much at a larger total width.
class ColouringPlanner : public ChannelPlanner {
 public:
  explicit ColouringPlanner(const PlannerSetup& setup) : setup_(setup) {}
  ChannelPlan Decide(const PlannerView& view) override;

 private:
  const PlannerSetup setup_;
};

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

  static constexpr int kFirstHops = 2;
  static constexpr int kWideHops = 1;
  static constexpr int64_t kWideInterval = 12;

 private:
  const PlannerSetup setup_;
  RngStream rng_;
  int64_t decisions_ = 0;
};

// dynLS: a local search for the forecast, the best of four runs from the plan
// in force.
class DynLsPlanner : public ChannelPlanner {
 public:
  explicit DynLsPlanner(const PlannerSetup& setup)
      : setup_(setup), rng_(setup.rng) {}
  ChannelPlan Decide(const PlannerView& view) override;

 private:
  const PlannerSetup setup_;
  RngStream rng_;
};

// The same with the future load and 100 runs, 15 from the plan in force and 85
// from random ones: what a planner could do at best in one slot. Keeps the plan
// in force where the future is not known.
class OraclePlanner : public ChannelPlanner {
 public:
  explicit OraclePlanner(const PlannerSetup& setup)
      : setup_(setup), rng_(setup.rng) {}
  ChannelPlan Decide(const PlannerView& view) override;

 private:
  const PlannerSetup setup_;
  RngStream rng_;
};

}  // namespace airlock
