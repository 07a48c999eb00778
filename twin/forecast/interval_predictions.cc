#include "twin/forecast/interval_predictions.h"

#include <algorithm>

namespace airlock {

IntervalPredictions PredictIntervals(const ForecastModel& model,
                                     const Predictions& predictions) {
  IntervalPredictions result;
  if (!model.intervals()) return result;
  AdaptiveIntervals live = *model.intervals();
  result.levels = live.options().levels;
  const int64_t delay = std::max<int64_t>(model.problem().horizon, 1);
  size_t labelled = 0;
  for (size_t i = 0; i < predictions.origin.size(); ++i) {
    while (predictions.origin[labelled] + delay <= predictions.origin[i]) {
      live.Observe(predictions.origin[labelled],
                   predictions.observed[labelled]);
      ++labelled;
    }
    result.intervals.push_back(
        live.Issue(predictions.origin[i], live.Base(predictions.value[i])));
  }
  return result;
}

}  // namespace airlock
