#include "twin/forecast/interval_predictions.h"

#include <algorithm>

namespace airlock {
namespace {

// Issues the interval of each prediction i with `live->Issue(origin, base(i))`
// after the labels that were known by then.
template <typename Live, typename BaseOf>
std::vector<std::vector<PredictionInterval>> Follow(
    const Predictions& predictions, int64_t delay, const BaseOf& base,
    Live* live) {
  std::vector<std::vector<PredictionInterval>> issued;
  size_t labelled = 0;
  for (size_t i = 0; i < predictions.origin.size(); ++i) {
    while (predictions.origin[labelled] + delay <= predictions.origin[i]) {
      live->Observe(predictions.origin[labelled],
                    predictions.observed[labelled]);
      ++labelled;
    }
    issued.push_back(live->Issue(predictions.origin[i], base(i)));
  }
  return issued;
}

}  // namespace

IntervalPredictions PredictIntervals(const ForecastModel& model,
                                     const Predictions& predictions) {
  IntervalPredictions result;
  const int64_t delay = std::max<int64_t>(model.problem().horizon, 1);
  if (model.quantile_intervals()) {
    QuantileIntervals live = *model.quantile_intervals();
    result.levels = live.levels();
    result.intervals = Follow(
        predictions, delay,
        [&](size_t i) { return predictions.quantiles.at(i); }, &live);
  } else if (model.intervals()) {
    AdaptiveIntervals live = *model.intervals();
    result.levels = live.options().levels;
    result.intervals = Follow(
        predictions, delay,
        [&](size_t i) { return live.Base(predictions.value[i]); }, &live);
  }
  return result;
}

}  // namespace airlock
