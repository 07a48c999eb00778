#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "twin/forecast/model.h"

namespace airlock {

// How well predictions meet observations, over the pairs in which both are
// known. A score that is not defined is NaN.
struct ForecastScores {
  int64_t samples = 0;
  // 1 - SSE / SST, SST about the mean of the observations scored: 0 is a
  // constant that knows the test's own mean. NaN if they do not vary.
  double r2 = 0;
  double rmse = 0;  // in the target's unit
  double mae = 0;   // in the target's unit
  // Mean of |error| / |observed|, over the samples whose observation is not 0;
  // `zeros` counts those left out.
  double mape = 0;
  int64_t zeros = 0;
  // Share of samples with |error| <= p |observed| (an observation of 0 counts
  // only if it is met exactly).
  double accuracy_5 = 0;
  double accuracy_10 = 0;
  double accuracy_15 = 0;
  double accuracy_20 = 0;
  double accuracy_25 = 0;
  // MAE over the scale of SeasonalNaiveScale(): below 1 is better than the
  // seasonal naive forecast was on the training part (Hyndman and Koehler, Int.
  // J. Forecasting 22, 2006). NaN without a scale.
  double mase = 0;
};

// The mean absolute error, on the training part, of predicting each value by
// the one `season` (>= 1) samples before; 1 is persistence, for a target
// without a season. Pairs with a missing value are left out; NaN if none is
// left, or if the target repeats itself exactly (MASE has no scale then).
double SeasonalNaiveScale(const std::vector<double>& training_target,
                          int64_t season);

// `mase_scale` from SeasonalNaiveScale(); NaN: no MASE.
ForecastScores Score(
    const std::vector<double>& observed, const std::vector<double>& predicted,
    double mase_scale = std::numeric_limits<double>::quiet_NaN());
ForecastScores Score(
    const Predictions& predictions,
    double mase_scale = std::numeric_limits<double>::quiet_NaN());

}  // namespace airlock
