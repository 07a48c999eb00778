#pragma once

#include "twin/pipeline/trainer.h"

namespace airlock {

// Multi-layer perceptrons, trained by airlock-learner (agents/learn): AdamW on
// the standardised target, early stopping on the last rows of the training.
// `members` networks that differ in their first weights and order of rows are
// averaged (Lakshminarayanan et al. 2017), which on one or two thousand rows
// tells more than a larger network. Parameters: width and layers of the
// hidden part, activation (0 relu, 1 tanh, 2 silu), members, dropout,
// weight_decay, learning_rate, batch, epochs, patience, validation (share of
// the rows), gap (rows before them), huber_delta (0: squared error), tau (0:
// the mean; otherwise that quantile, by the pinball loss), limit (standard
// deviations at which a feature is cut off).
TrainerEntry MlpTrainer();

}  // namespace airlock
