#pragma once

#include "agents/learn/mlp_training.h"

namespace airlock {

// Trains training.members networks at once, each with its own first weights,
// order of rows and dropout, by AdamW (Loshchilov and Hutter 2019) in double
// precision on one thread. The target is standardised for it; the networks that
// come back predict in its unit (classifiers: logits). All randomness is from
// RngStreams of training.seed, so equal examples and settings give equal bits.
// Throws InputError for wrong settings, Error if training diverges, or if an
// Mlp does not say what torch says within 1e-5 standard deviations.
TrainingResult TrainMlp(const TrainingExamples& examples,
                        const MlpTraining& training);

}  // namespace airlock
