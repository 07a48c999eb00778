#pragma once

#include <cstdint>
#include <vector>

#include "twin/forecast/samples.h"
#include "twin/forecast/scores.h"

namespace airlock {

enum class WalkForwardScheme {
  kExpanding,  // each fold learns from all that precedes its gap
  kSliding,    // from the newest part of it, always of the same length
};

struct WalkForwardOptions {
  WalkForwardScheme scheme = WalkForwardScheme::kExpanding;
  int64_t folds = 4;
  // Samples between a fold's training and test rows, whose labels and past
  // would otherwise overlap: see Embargo().
  int64_t gap = 10;
  // The part of the rows before the first test row; the folds' test parts share
  // the rest equally.
  double first_share = 0.4;
  // Of kSliding, in samples; 0: the length of the first fold's training part.
  int64_t window = 0;
};

// The rows of a table that a fold learns from, and those it is judged on, both
// in ascending order.
struct Fold {
  std::vector<int64_t> training;
  std::vector<int64_t> test;
};

// The rows of those numbers (ascending), in order.
SampleTable KeepRows(const SampleTable& table,
                     const std::vector<int64_t>& rows);

// The fewest samples between the last training origin and the first test origin
// that share nothing: the last label lies `horizon` after its origin, the first
// test row looks back by `longest_lag`.
int64_t Embargo(int64_t horizon, int64_t longest_lag);

// Folds of rows in time order: row r is about sample `origin[r]` (ascending;
// rows may be missing, the gap is counted in samples). Each fold's test rows
// follow those of the fold before, so that together they are predicted once
// each. Throws InputError if a part would have fewer than 20 rows, or an option
// is out of range.
std::vector<Fold> WalkForwardFolds(const std::vector<int64_t>& origin,
                                   const WalkForwardOptions& options);

// A score over the folds. The standard error takes the folds as independent,
// which neighbouring ones are not wholly.
struct FoldedScore {
  double mean = 0;
  double standard_error = 0;  // NaN for a single fold
};

struct WalkForwardResult {
  // The predictions made out of sample, in time order.
  std::vector<int64_t> origin;
  std::vector<double> predicted;
  std::vector<double> observed;
  std::vector<int64_t> fold;
  std::vector<ForecastScores> fold_scores;
  ForecastScores all;  // over all predictions
  FoldedScore rmse;
  FoldedScore mae;
  FoldedScore r2;
};

// Scores predictions of the folds' test rows: `predicted[k]` has one for each
// row of folds[k].test, NaN where there is none.
WalkForwardResult JudgeFolds(const SampleTable& samples,
                             const std::vector<Fold>& folds,
                             const std::vector<std::vector<double>>& predicted);

}  // namespace airlock
