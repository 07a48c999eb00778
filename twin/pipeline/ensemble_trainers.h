#pragma once

#include <vector>

#include "twin/pipeline/trainer.h"

namespace airlock {

// Ridge regression and trees (XgboostTrainer) of what it leaves: the line
// carries beyond the training range, where trees stay constant, and the trees
// bend it within. Given the features the line is a constant, so a quantile of
// what it leaves, plus the line, is that quantile of the target. Parameters:
// penalty as ridge has it, the rest as xgboost.
TrainerEntry LinearBoostTrainer();

// A stack (Wolpert 1992; Breiman 1996): forecasters of several kinds at their
// defaults, weighted by how well they predict rows that they were not trained
// on. Those rows are contiguous blocks, with `gap` samples on both sides left
// out of the training, since neighbours in time tell each other's target. The
// weights are the non-negative ones of least squares that sum to at most 1;
// what is missing to 1 goes to the training's mean. A part without weight is
// left out. Parameters: blocks 5, gap 10, and 1 or 0 for each part: ridge and
// xgboost (1), linear-boost and mlp (0: a block amid the training flatters what
// carries on beyond it, and networks take long to train so often).
TrainerEntry StackTrainer();

// Weights w >= 0 with sum(w) <= 1 that minimise |y - sum_k w_k predicted_k|^2.
// Exact: one of the few (2^parts) sets of weights that are not 0 is optimal.
std::vector<double> StackWeights(
    const std::vector<std::vector<double>>& predicted,
    const std::vector<double>& y);

}  // namespace airlock
