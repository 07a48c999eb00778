#include "twin/forecast/scores.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

struct Pairs {
  std::vector<double> observed;
  std::vector<double> predicted;
};

Pairs KnownPairs(const std::vector<double>& observed,
                 const std::vector<double>& predicted) {
  AIRLOCK_CHECK(observed.size() == predicted.size(),
                "{} observed, {} predicted", observed.size(), predicted.size());
  Pairs pairs;
  for (size_t i = 0; i < observed.size(); ++i) {
    if (std::isnan(observed[i]) || std::isnan(predicted[i])) continue;
    pairs.observed.push_back(observed[i]);
    pairs.predicted.push_back(predicted[i]);
  }
  return pairs;
}

double TotalSquares(const std::vector<double>& values) {
  double mean = 0;
  for (const double value : values) mean += value;
  mean /= static_cast<double>(values.size());
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return squares;
}

}  // namespace

ForecastScores Score(const std::vector<double>& observed,
                     const std::vector<double>& predicted) {
  const Pairs pairs = KnownPairs(observed, predicted);
  const double count = static_cast<double>(pairs.observed.size());
  ForecastScores scores;
  scores.samples = static_cast<int64_t>(pairs.observed.size());
  if (scores.samples == 0) {
    scores.r2 = scores.rmse = scores.mae = scores.mape = kUndefined;
    scores.accuracy_5 = scores.accuracy_10 = scores.accuracy_20 = kUndefined;
    return scores;
  }
  double squares = 0, absolute = 0, relative = 0;
  int64_t within_5 = 0, within_10 = 0, within_20 = 0;
  for (size_t i = 0; i < pairs.observed.size(); ++i) {
    const double size = std::abs(pairs.observed[i]);
    const double error = std::abs(pairs.predicted[i] - pairs.observed[i]);
    squares += error * error;
    absolute += error;
    if (size > 0) {
      relative += error / size;
    } else {
      ++scores.zeros;
    }
    within_5 += error <= 0.05 * size;
    within_10 += error <= 0.10 * size;
    within_20 += error <= 0.20 * size;
  }
  const double total = TotalSquares(pairs.observed);
  scores.r2 = total > 0 ? 1 - squares / total : kUndefined;
  scores.rmse = std::sqrt(squares / count);
  scores.mae = absolute / count;
  const int64_t sized = scores.samples - scores.zeros;
  scores.mape = sized > 0 ? relative / static_cast<double>(sized) : kUndefined;
  scores.accuracy_5 = static_cast<double>(within_5) / count;
  scores.accuracy_10 = static_cast<double>(within_10) / count;
  scores.accuracy_20 = static_cast<double>(within_20) / count;
  return scores;
}

ForecastScores Score(const Predictions& predictions) {
  return Score(predictions.observed, predictions.value);
}

}  // namespace airlock
