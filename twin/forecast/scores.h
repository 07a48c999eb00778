#pragma once

#include <cstdint>
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
  double accuracy_20 = 0;
};

ForecastScores Score(const std::vector<double>& observed,
                     const std::vector<double>& predicted);
ForecastScores Score(const Predictions& predictions);

}  // namespace airlock
