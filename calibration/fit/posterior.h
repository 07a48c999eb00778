#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "calibration/fit/parameters.h"
#include "calibration/fit/replay.h"
#include "sim/base/rng.h"

namespace airlock {

// A column that the replay has to match.
struct Target {
  std::string replayed;  // name in the surrogate's series
  std::string measured;  // name in the trace
  enum class Scale { kDifference, kLogarithm } scale = Scale::kDifference;
  // Spreads below this are not believed: the resolution of the comparison.
  double floor = 0;
};

// What fits: the judged KPIs and the busy fractions that the trace has.
// delivered_rate is offered_rate without the loss, so loss_ratio stands for it.
std::vector<Target> MakeTargets(const ChainConfig& chain, const Trace& trace);

struct Posterior {
  ChainConfig chain;  // the scenario's, with the quotas' offsets found
  std::vector<Parameter> parameters;       // those that the trace tells
  std::vector<double> mode;                // of u
  std::vector<std::vector<double>> draws;  // of u
  std::vector<FittedParameter> rows;       // of all, for the profile
};

struct PosteriorOptions {
  uint64_t seed = 1;
  int64_t draws = 400;
  std::vector<Segment> search;  // a few blocks for the random search
  std::vector<Segment> blocks;  // for the fit
  int64_t lead = 2;
};

// Called once a replay with its cost in samples.
using ReplayDone = std::function<void(int64_t)>;

// `fit` is the fit part only. See Calibrate().
Posterior FitPosterior(const ChainConfig& chain, const Trace& fit,
                       const PosteriorOptions& options, const ReplayDone& done);

}  // namespace airlock
