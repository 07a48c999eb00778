#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "agents/baselines/channel_planner.h"
#include "agents/noise/noise_options.h"
#include "sim/base/ids.h"
#include "sim/base/rng.h"

namespace airlock {

// A planner that sees its network, and changes it, through noise. A value is
// first measured (bias, error), then old (staleness), or lost (dropout), then
// late, as in sim/engine/observed_simulation.h; what is lost is made good for
// as PlannerController does: a load is the last one known, a neighbour is not
// heard. Before the first view has come (delay) nothing is planned.
// A failed choice leaves the access point as it is; a late plan is carried out
// as it was made. What the planner knows of its own plan is never wrong.
//
// Streams "noise/KIND" of the options' seed, each drawn for every value at
// every decision where its kind is in use: another level of a kind, or another
// kind, moves no draw.
class NoisyPlanner : public ChannelPlanner {
 public:
  // Throws InputError as CheckNoise(), and for reward noise: plans have none.
  NoisyPlanner(std::unique_ptr<ChannelPlanner> planner,
               const NoiseOptions& options, Replication replication);

  ChannelPlan Decide(const PlannerView& view) override;
  std::vector<Metric> Metrics() const override { return planner_->Metrics(); }
  ChoiceOrigin OriginOf(int ap) const override {
    return planner_->OriginOf(ap);
  }

 private:
  // What was measured at one decision.
  struct Measured {
    Eigen::MatrixXd rssi_dbm;
    std::vector<double> noise_dbm;
    std::vector<double> loads;
  };

  Measured Measure(const PlannerView& view);
  double Counter(double value);
  double Power(double value);
  // Old or lost, where drawn so.
  double Arrived(double value, double before, double lost);
  void Forecast(PlannerView* view);
  ChannelPlan CarriedOut(const ChannelPlan& plan, const PlannerView& view);

  const std::unique_ptr<ChannelPlanner> planner_;
  const NoiseOptions options_;
  RngStream rssi_, counter_, missing_, staleness_, dropout_, forecast_,
      failure_;
  std::deque<Measured> on_their_way_;
  std::unique_ptr<Measured> before_;       // as it was seen
  std::deque<std::vector<double>> loads_;  // as they were seen
  std::deque<ChannelPlan> plans_to_come_;
};

}  // namespace airlock
