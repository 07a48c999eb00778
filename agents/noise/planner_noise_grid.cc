#include "agents/noise/planner_noise_grid.h"

#include <memory>
#include <utility>

#include "agents/noise/noise_options.h"
#include "agents/noise/noisy_planner.h"
#include "sim/base/error.h"

namespace airlock {

PlannerCase WithNoise(PlannerCase setting, const NoiseOptions& options) {
  AIRLOCK_CHECK(!setting.decorate);
  setting.hears_all = true;
  setting.decorate = [options](std::unique_ptr<ChannelPlanner> planner,
                               const PlannerSetup&, Replication number) {
    return std::make_unique<NoisyPlanner>(std::move(planner), options, number);
  };
  return setting;
}

Interval NoiseGrid::Increase(size_t mean, size_t deviation) const {
  return RelativeDifference(scores[mean][deviation].regret, noiseless.regret);
}

NoiseGrid ScoreNoise(const std::string& planner, const PlannerCase& setting,
                     const std::vector<double>& means,
                     const std::vector<double>& deviations, uint64_t seed) {
  NoiseGrid grid{means, deviations, {}, {}};
  NoiseOptions options;
  options.seed = seed;
  grid.noiseless = ScorePlanner(planner, WithNoise(setting, options));
  for (const double mean : means) {
    grid.scores.emplace_back();
    for (const double deviation : deviations) {
      options.rssi_bias_db = mean;
      options.rssi_noise_db = deviation;
      grid.scores.back().push_back(
          ScorePlanner(planner, WithNoise(setting, options)));
    }
  }
  return grid;
}

}  // namespace airlock
