#pragma once

#include "twin/pipeline/trainer.h"

namespace airlock {

// Least squares on standardised features with a ridge: minimises
// |y - Xb|^2 + ridge * rows * |b|^2 (Hoerl and Kennard 1970), solved by
// rank-revealing QR of the augmented matrix. Features and target are
// standardised, so `ridge` (default 0.001) is without a unit: directions in
// which the features hardly vary (duplicate counters) are damped instead of
// blown up. Parameter: ridge.
TrainerEntry LinearTrainer();

// XGBoost (Chen and Guestrin 2016), squared error, histogram method, one
// thread, hence reproducible. Parameters and defaults: rounds 200, depth 4,
// eta 0.1, min_child_weight 1, lambda 1, gamma 0, subsample 1, columns 1, bins
// 256. Only the training runs in XGBoost: what comes out is a TreeEnsemble.
TrainerEntry XgboostTrainer();

}  // namespace airlock
