#pragma once

#include "twin/pipeline/trainer.h"

namespace airlock {

// The training target's mean; with median=1 its median.
TrainerEntry ConstantTrainer();

// Nothing to learn.
TrainerEntry PersistenceTrainer();

// The target one season ago. Parameter: period, the season's length in samples
// (default 0: found in the training target). A season is found where the
// autocorrelation, after a straight line is taken out, peaks at 0.3 or more:
// the first of its highest peaks among the lags after it has first fallen below
// 0, up to a third of the training and 5000 samples. Where there is none the
// forecaster is persistence.
TrainerEntry SeasonalTrainer();

// The season that SeasonalTrainer() finds, or 0. `rows` may miss samples.
int64_t FindSeason(const SampleTable& rows);

}  // namespace airlock
