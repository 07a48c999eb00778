#pragma once

#include <map>
#include <string>

#include "twin/pipeline/trainer.h"

namespace airlock {

// Ordinary least squares, the reference that everyone uses. Rank-revealing: of
// the solutions for features that depend on each other it takes the smallest.
TrainerEntry LinearTrainer();

// Ridge regression (Hoerl and Kennard 1970): minimises |y - Xb|^2 + penalty *
// rows * |b|^2 of standardised features, so that the penalty has no unit.
// Directions in which the features hardly vary (duplicate counters) are damped
// instead of blown up. Parameter: penalty (default 0: found by generalised
// cross-validation, Golub, Heath and Wahba 1979).
TrainerEntry RidgeTrainer();

// XGBoost (Chen and Guestrin 2016), squared error, histogram method, one
// thread, hence reproducible. Parameters and defaults: rounds 200, depth 4,
// eta 0.1, min_child_weight 1, lambda 1, gamma 0, subsample 1, columns 1, bins
// 256. The library's own defaults are rounds 100, depth 6, eta 0.3. Only the
// training runs in XGBoost: what comes out is a TreeEnsemble.
//
// With `quantile` (default 0: off) it is the target's quantile of that level
// that is predicted. Trees are grown on the gradient of the pinball loss, whose
// second derivative does not exist and is taken as 1; then the value of each
// leaf becomes eta times the quantile of the residuals in it (Friedman 2001,
// algorithm 3, for other quantiles than the median).
TrainerEntry XgboostTrainer();
// Those defaults of the library's: a baseline.
std::map<std::string, double> XgboostLibraryDefaults();

}  // namespace airlock
