#pragma once

#include <string>
#include <vector>

#include "agents/baselines/planner_comparison.h"

namespace airlock {

// Errors of the RSSI between access points, in dB, as Iacoboaiea et al. vary
// them (IEEE Communications Magazine 2023).
inline const std::vector<double> kNoiseMeans = {-16, -8, -4, 0, 4, 16};
inline const std::vector<double> kNoiseDeviations = {0, 1, 2, 4, 8, 16};

// A planner's scores with Gaussian errors of several means and deviations; the
// same errors but for shift and scale, on the same networks and loads.
struct NoiseGrid {
  std::vector<double> means;
  std::vector<double> deviations;
  PlannerScore noiseless;
  std::vector<std::vector<PlannerScore>> scores;  // [mean][deviation]

  // Of the mean regret over that without errors, relative, with its bootstrap
  // interval over replications (which are resampled as pairs).
  Interval Increase(size_t mean, size_t deviation) const;
};

// As ScorePlanner(); `setting` must decorate nothing. Planners hear all, so
// that an error may also make a neighbour of one who is not.
NoiseGrid ScoreNoise(const std::string& planner, const PlannerCase& setting,
                     const std::vector<double>& means,
                     const std::vector<double>& deviations, uint64_t seed);

// `setting` with a NoisyPlanner of these options before every planner.
struct NoiseOptions;
PlannerCase WithNoise(PlannerCase setting, const NoiseOptions& options);

}  // namespace airlock
