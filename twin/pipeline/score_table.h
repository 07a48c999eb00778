#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "twin/forecast/interval_scores.h"
#include "twin/forecast/scores.h"

namespace airlock {

// What one model predicted for the test part of a split.
struct ScoredForecast {
  std::string model;     // "persistence", "ridge", "xgboost", "pipeline", ...
  std::string features;  // which it may see: "counters", "counters+offered"
  // "in time" or "random": forecasts are compared with those of their split.
  std::string split = "in time";
  int64_t horizon = 0;
  // One for each test sample, in time order and in the order of the split's
  // other forecasts; NaN where the model predicted nothing.
  std::vector<double> predicted;
  std::vector<double> observed;
  // Of every sample, level by level; may be empty.
  std::vector<double> levels;
  std::vector<std::vector<PredictionInterval>> intervals;  // [level][sample]
  // Errors made out of sample on the training part (observed - predicted), for
  // the CRPS; empty: none.
  std::vector<double> residuals;
  // SeasonalNaiveScale() of the training target; NaN: no MASE.
  double mase_scale = std::numeric_limits<double>::quiet_NaN();
};

struct ScoreRow {
  std::string model;
  std::string features;
  std::string split;
  int64_t horizon = 0;
  ForecastScores scores;
  std::vector<IntervalScores> intervals;
  double crps = 0;  // NaN without residuals
  // Diebold and Mariano's p-value, with the small-sample correction and squared
  // loss, of H0 "not better than": small where the model is better. NaN where
  // the split has no such row, for that row itself, and for random splits,
  // whose samples have no order.
  double p_persistence = 0;
  double p_ridge = 0;
};

// Every model's scores, split by split; the answer of a comparison.
struct ScoreTable {
  std::string target;
  std::string unit;
  std::vector<ScoreRow> rows;
  // A sentence for each model that does not beat persistence: whose RMSE is no
  // smaller, or only so much that p >= 0.05; and for each whose RMSE is no
  // smaller than the constant's.
  std::vector<std::string> remarks;

  std::string ToText() const;
  std::string ToJson() const;
};

// Rows in the order of `forecasts`. A row is compared with "persistence" of its
// split and horizon, and with "ridge" of the same features (or else of any),
// over the samples that both predicted.
ScoreTable MakeScoreTable(const std::string& target, const std::string& unit,
                          const std::vector<ScoredForecast>& forecasts);

}  // namespace airlock
