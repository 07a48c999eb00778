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

namespace {

ForecastScores Undefined() {
  ForecastScores scores;
  scores.r2 = scores.rmse = scores.mae = scores.mape = kUndefined;
  scores.accuracy_5 = scores.accuracy_10 = scores.accuracy_15 = kUndefined;
  scores.accuracy_20 = scores.accuracy_25 = scores.mase = kUndefined;
  return scores;
}

double ShareWithin(const Pairs& pairs, double share) {
  int64_t within = 0;
  for (size_t i = 0; i < pairs.observed.size(); ++i) {
    within += std::abs(pairs.predicted[i] - pairs.observed[i]) <=
              share * std::abs(pairs.observed[i]);
  }
  return static_cast<double>(within) /
         static_cast<double>(pairs.observed.size());
}

}  // namespace

double SeasonalNaiveScale(const std::vector<double>& training_target,
                          int64_t season) {
  AIRLOCK_CHECK(season >= 1, "season {}", season);
  double sum = 0;
  int64_t pairs = 0;
  for (size_t i = static_cast<size_t>(season); i < training_target.size();
       ++i) {
    const double change =
        training_target[i] - training_target[i - static_cast<size_t>(season)];
    if (std::isnan(change)) continue;
    sum += std::abs(change);
    ++pairs;
  }
  return pairs > 0 && sum > 0 ? sum / static_cast<double>(pairs) : kUndefined;
}

ForecastScores Score(const std::vector<double>& observed,
                     const std::vector<double>& predicted, double mase_scale) {
  const Pairs pairs = KnownPairs(observed, predicted);
  if (pairs.observed.empty()) return Undefined();
  const double count = static_cast<double>(pairs.observed.size());
  ForecastScores scores;
  scores.samples = static_cast<int64_t>(pairs.observed.size());
  double squares = 0, absolute = 0, relative = 0;
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
  }
  const double total = TotalSquares(pairs.observed);
  scores.r2 = total > 0 ? 1 - squares / total : kUndefined;
  scores.rmse = std::sqrt(squares / count);
  scores.mae = absolute / count;
  const int64_t sized = scores.samples - scores.zeros;
  scores.mape = sized > 0 ? relative / static_cast<double>(sized) : kUndefined;
  scores.accuracy_5 = ShareWithin(pairs, 0.05);
  scores.accuracy_10 = ShareWithin(pairs, 0.10);
  scores.accuracy_15 = ShareWithin(pairs, 0.15);
  scores.accuracy_20 = ShareWithin(pairs, 0.20);
  scores.accuracy_25 = ShareWithin(pairs, 0.25);
  scores.mase = scores.mae / mase_scale;
  return scores;
}

ForecastScores Score(const Predictions& predictions, double mase_scale) {
  return Score(predictions.observed, predictions.value, mase_scale);
}

}  // namespace airlock
