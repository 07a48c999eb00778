#pragma once

#include <vector>

#include "twin/forecast/intervals.h"
#include "twin/forecast/model.h"

namespace airlock {

// The intervals of a model's predictions, one for each level and prediction.
struct IntervalPredictions {
  std::vector<double> levels;  // ascending; empty if the model has no intervals
  std::vector<std::vector<PredictionInterval>> intervals;  // by prediction
};

// Intervals as a node would have issued them, each corrected by the labels that
// were known by then: at origin t those of the samples up to t, or at horizon 0
// up to t - 1. Starts from the model's own calibration; the model does not
// change.
IntervalPredictions PredictIntervals(const ForecastModel& model,
                                     const Predictions& predictions);

}  // namespace airlock
