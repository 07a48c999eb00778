#pragma once

#include <cstdint>
#include <string>

#include "sim/telemetry/trace.h"
#include "twin/forecast/feature.h"
#include "twin/forecast/samples.h"
#include "twin/pipeline/leak.h"

namespace airlock {

struct FalsifierOptions {
  int orders = 3;  // random orders of the training target
  int cuts = 4;    // moments at which the future is replaced
  // By how much R2 may be above the constant's, beyond what chance explains.
  double tolerance = 0.05;
  uint64_t seed = 1;
};

// What was tried to show that a fit is too good to be true.
struct FalsifierReport {
  // A shuffled target must fall to the constant baseline.
  ShuffledTargetReport shuffled_target;
  bool shuffled_target_tried = false;
  // Replacing the future must change no feature and no prediction ...
  LeakReport future;
  // ... and replacing what follows the training part must not change the model.
  bool fit_sees_beyond = false;

  bool passed() const {
    return (shuffled_target.passed || !shuffled_target_tried) &&
           !future.leaks && !fit_sees_beyond;
  }
  std::string ToText() const;  // one line for each falsifier
  std::string ToJson() const;
};

// `model` is what `fit` makes of the training part of the trace, and `fit` the
// way it was made: with the same preparation and selection,
// and the parameters already chosen (a search for them would run dozens of
// times). Costs `orders` + 1 fits. A model that learns nothing from the order
// of the target (persistence, the seasonal naive forecast) is not tried with a
// shuffled one: it would fail, though honest. Throws what `fit` throws.
FalsifierReport RunFalsifiers(const ForecastModel& model,
                              const ForecastProblem& problem,
                              const Trace& trace, const SplitOptions& split,
                              const FitFunction& fit,
                              const FalsifierOptions& options);

}  // namespace airlock
