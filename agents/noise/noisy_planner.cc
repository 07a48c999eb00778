#include "agents/noise/noisy_planner.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

}  // namespace

NoisyPlanner::NoisyPlanner(std::unique_ptr<ChannelPlanner> planner,
                           const NoiseOptions& options, Replication replication)
    : planner_(std::move(planner)),
      options_(options),
      rssi_(RngTree(options.seed).Stream("noise/rssi", replication)),
      counter_(RngTree(options.seed).Stream("noise/counter", replication)),
      missing_(RngTree(options.seed).Stream("noise/missing", replication)),
      staleness_(RngTree(options.seed).Stream("noise/staleness", replication)),
      dropout_(RngTree(options.seed).Stream("noise/dropout", replication)),
      forecast_(RngTree(options.seed).Stream("noise/forecast", replication)),
      failure_(RngTree(options.seed).Stream("noise/failure", replication)) {
  CheckNoise(options);
  if (options.reward_noise > 0) {
    throw InputError("noise 'reward_noise': a planner has no reward");
  }
}

double NoisyPlanner::Power(double value) {
  if (options_.rssi_noise_db == 0) return value + options_.rssi_bias_db;
  return value + options_.rssi_bias_db +
         rssi_.Normal(0, options_.rssi_noise_db);
}

double NoisyPlanner::Counter(double value) {
  if (options_.counter_noise == 0) return value;
  return std::max(0.0,
                  value * (1 + counter_.Normal(0, options_.counter_noise)));
}

double NoisyPlanner::Arrived(double value, double before, double lost) {
  if (options_.staleness > 0 && staleness_.Uniform() < options_.staleness) {
    value = before;
  }
  if (options_.dropout > 0 && dropout_.Uniform() < options_.dropout) {
    value = lost;
  }
  return value;
}

NoisyPlanner::Measured NoisyPlanner::Measure(const PlannerView& view) {
  const int n = view.size();
  Measured seen;
  seen.rssi_dbm.setConstant(n, n, kMissing);
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      if (i == j) continue;
      double value = Power(view.rssi_dbm(i, j));
      const bool gone = options_.missing_neighbours > 0 &&
                        missing_.Uniform() < options_.missing_neighbours;
      if (gone) value = kMissing;
      seen.rssi_dbm(i, j) =
          Arrived(value, before_ ? before_->rssi_dbm(i, j) : value, kMissing);
    }
    const double noise = Power(view.noise_dbm[i]);
    seen.noise_dbm.push_back(
        Arrived(noise, before_ ? before_->noise_dbm[i] : noise, kMissing));
    const double load = Counter(view.loads_now()[i]);
    const double last = before_ ? before_->loads[i] : load;
    seen.loads.push_back(Arrived(load, last, last));
  }
  before_ = std::make_unique<Measured>(seen);
  return seen;
}

void NoisyPlanner::Forecast(PlannerView* view) {
  if (options_.forecast_error == 0) return;
  std::vector<double> loads = view->forecast();
  for (double& load : loads) {
    load = std::max(0.0,
                    load * (1 + forecast_.Normal(0, options_.forecast_error)));
  }
  view->known_loads = loads;
}

ChannelPlan NoisyPlanner::CarriedOut(const ChannelPlan& plan,
                                     const PlannerView& view) {
  plans_to_come_.push_back(plan);
  if (static_cast<int64_t>(plans_to_come_.size()) <= options_.action_delay) {
    return view.plan;
  }
  ChannelPlan out = plans_to_come_.front();
  plans_to_come_.pop_front();
  if (options_.action_failure == 0) return out;
  for (size_t i = 0; i < out.size(); ++i) {
    if (failure_.Uniform() < options_.action_failure) out[i] = view.plan[i];
  }
  return out;
}

ChannelPlan NoisyPlanner::Decide(const PlannerView& view) {
  if (loads_.empty()) {  // what was there before counts as measured long ago
    loads_.assign(view.loads.begin(), view.loads.end() - 1);
  }
  on_their_way_.push_back(Measure(view));
  if (static_cast<int64_t>(on_their_way_.size()) <= options_.delay) {
    return CarriedOut(view.plan, view);
  }
  const Measured measured = on_their_way_.front();
  on_their_way_.pop_front();
  PlannerView seen = view;
  seen.rssi_dbm = measured.rssi_dbm;
  seen.noise_dbm = measured.noise_dbm;
  loads_.push_back(measured.loads);
  while (loads_.size() > PlannerView::kHistorySlots) loads_.pop_front();
  seen.loads = loads_;
  Forecast(&seen);
  return CarriedOut(planner_->Decide(seen), view);
}

}  // namespace airlock
