#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "twin/forecast/model.h"
#include "twin/forecast/scores.h"
#include "twin/pipeline/fit.h"

namespace airlock {

// Makes a model from the first `train_end` samples of a trace, in the way that
// is to be falsified.
using FitFunction = std::function<ForecastModel(
    const ForecastProblem& problem, const Trace& trace, int64_t train_end)>;
FitFunction FitWith(const FitOptions& options);

struct LeakOptions {
  int cuts = 16;  // moments at which the future is replaced
  uint64_t seed = 1;
};

struct LeakReport {
  bool leaks = false;
  int64_t predictions_checked = 0;
  int64_t predictions_changed = 0;
  // Labels of the features that changed, in the model's order.
  std::vector<std::string> changed_features;
  // The fit itself looked beyond the training part (filled by
  // CheckFitForLeak).
  bool fit_changed = false;
  std::string ToText() const;  // one line
};

// Does the model use what cannot be known when it predicts? At origin t all
// columns are known up to t, except that at horizon 0 the KPIs are known up to
// t - 1 only: they are what is to be inferred; and counters are known up to
// t + clock_offset if the problem states a positive one (at most
// kMaximumClockOffset), since they then tell of moments that the KPIs' clock
// has already counted. For each of several cut times everything unknown is
// replaced (samples shuffled in time and moved out of their range); a feature
// or prediction at or before the cut that changes by a single bit is a leak.
LeakReport CheckForLeak(const ForecastModel& model, const Trace& trace,
                        const LeakOptions& options);

// The same for a specification, without fitting it.
LeakReport CheckForLeak(const ForecastProblem& problem, const Trace& trace,
                        const LeakOptions& options);

// Fits on the first `train_end` samples with everything after them replaced:
// the model file must be that of `model`, which `fit` made from the trace as it
// is.
LeakReport CheckFitForLeak(const ForecastModel& model,
                           const ForecastProblem& problem, const Trace& trace,
                           int64_t train_end, const FitFunction& fit);
// The same with both fits.
LeakReport CheckFitForLeak(const ForecastProblem& problem, const Trace& trace,
                           int64_t train_end, const FitOptions& options);

struct ShuffledTargetOptions {
  // A single order may agree with a short test part by chance.
  int orders = 5;
  double tolerance = 0.05;
  uint64_t seed = 1;
};

// A falsifier: with the training target in random order nothing can be learnt,
// so on the test part the model must fall to the constant baseline, the mean of
// the training target.
struct ShuffledTargetReport {
  ForecastScores shuffled;  // of the first order
  ForecastScores constant;
  double mean_r2 = 0;  // over the orders
  // The model saves no more than `tolerance` of the constant's squared error,
  // on average over the orders, or so little more that the orders' t interval
  // (98 %) does not exclude it.
  bool passed = false;
  std::string ToText() const;
};
ShuffledTargetReport CheckShuffledTarget(const ForecastProblem& problem,
                                         const Trace& trace,
                                         const SplitOptions& split,
                                         const FitFunction& fit,
                                         const ShuffledTargetOptions& options);
ShuffledTargetReport CheckShuffledTarget(const ForecastProblem& problem,
                                         const Trace& trace,
                                         const SplitOptions& split,
                                         const FitOptions& options,
                                         double tolerance = 0.05,
                                         int orders = 5);

}  // namespace airlock
