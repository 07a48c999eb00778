#pragma once

#include <memory>

#include "twin/forecast/forecaster.h"

namespace airlock {

// Least squares on standardised features with a ridge: minimises
// |y - Xb|^2 + ridge * rows * |b|^2 (Hoerl and Kennard 1970), solved by
// rank-revealing QR of the augmented matrix. Features and target are
// standardised, so `ridge` (default 0.001) is without a unit: directions in
// which the features hardly vary (duplicate counters) are damped instead of
// blown up. Parameter: ridge.
std::unique_ptr<Forecaster> MakeLinearForecaster(const ForecasterOptions&);

// XGBoost (Chen and Guestrin 2016), squared error, histogram method, one
// thread, hence reproducible. Parameters and defaults: rounds 200, depth 4,
// eta 0.1, min_child_weight 1, lambda 1, gamma 0, subsample 1, columns 1, bins
// 256. Only the training runs in XGBoost: the trees are kept here and walked in
// its order and precision (float), so that a prediction takes about a
// microsecond and a saved model needs no XGBoost.
std::unique_ptr<Forecaster> MakeXgboostForecaster(const ForecasterOptions&);

}  // namespace airlock
