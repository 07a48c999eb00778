#include "twin/pipeline/naive_trainers.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "twin/forecast/naive_forecasters.h"

namespace airlock {
namespace {

// Samples; every lag is tried, so this bounds the time that it takes.
constexpr size_t kLongestSeason = 5000;

std::unique_ptr<Forecaster> TrainConstant(const SampleTable& training,
                                          const ForecasterOptions& options) {
  std::vector<double> y = training.y;
  if (options.parameters.at("median") != 0) {
    std::sort(y.begin(), y.end());
    return std::make_unique<ConstantForecaster>(
        (y[(y.size() - 1) / 2] + y[y.size() / 2]) / 2);
  }
  double sum = 0;
  for (const double value : y) sum += value;
  return std::make_unique<ConstantForecaster>(sum /
                                              static_cast<double>(y.size()));
}

std::unique_ptr<Forecaster> TrainPersistence(const SampleTable&,
                                             const ForecasterOptions&) {
  return std::make_unique<PersistenceForecaster>();
}

std::unique_ptr<Forecaster> TrainSeasonal(const SampleTable& training,
                                          const ForecasterOptions& options) {
  const auto period = static_cast<int64_t>(options.parameters.at("period"));
  return std::make_unique<SeasonalForecaster>(
      period > 0 ? period : FindSeason(training));
}

// The target by sample from the first origin on, NaN where no row has it.
std::vector<double> TargetInTime(const SampleTable& rows) {
  const int64_t first = rows.origin.front();
  std::vector<double> target(
      static_cast<size_t>(rows.origin.back() - first + 1),
      std::numeric_limits<double>::quiet_NaN());
  for (int64_t row = 0; row < rows.rows(); ++row) {
    const size_t r = static_cast<size_t>(row);
    target[static_cast<size_t>(rows.origin[r] - first)] = rows.y[r];
  }
  return target;
}

// Takes the straight line of least squares out of the known values.
void RemoveTrend(std::vector<double>* values) {
  double count = 0, t_sum = 0, y_sum = 0;
  for (size_t t = 0; t < values->size(); ++t) {
    if (std::isnan((*values)[t])) continue;
    ++count;
    t_sum += static_cast<double>(t);
    y_sum += (*values)[t];
  }
  const double t_mean = t_sum / count, y_mean = y_sum / count;
  double squares = 0, products = 0;
  for (size_t t = 0; t < values->size(); ++t) {
    if (std::isnan((*values)[t])) continue;
    const double away = static_cast<double>(t) - t_mean;
    squares += away * away;
    products += away * ((*values)[t] - y_mean);
  }
  const double slope = squares > 0 ? products / squares : 0;
  for (size_t t = 0; t < values->size(); ++t) {
    (*values)[t] -= y_mean + slope * (static_cast<double>(t) - t_mean);
  }
}

// Correlation of the values with themselves `lag` samples before, over the
// pairs in which both are known; 0 where they do not vary.
double Autocorrelation(const std::vector<double>& values, size_t lag) {
  double products = 0, before = 0, after = 0;
  for (size_t t = lag; t < values.size(); ++t) {
    const double a = values[t - lag], b = values[t];
    if (std::isnan(a) || std::isnan(b)) continue;
    products += a * b;
    before += a * a;
    after += b * b;
  }
  const double scale = std::sqrt(before * after);
  return scale > 0 ? products / scale : 0;
}

}  // namespace

int64_t FindSeason(const SampleTable& rows) {
  constexpr double kLeastCorrelation = 0.3;
  constexpr double kEqual = 0.05;  // apart by chance
  if (rows.rows() == 0) return 0;
  std::vector<double> target = TargetInTime(rows);
  RemoveTrend(&target);
  const size_t longest = std::min(target.size() / 3, kLongestSeason);
  std::vector<double> correlation = {1};
  double highest = -1;
  bool below = false;  // it has fallen below 0
  for (size_t lag = 1; lag <= longest; ++lag) {
    correlation.push_back(Autocorrelation(target, lag));
    below = below || correlation[lag] < 0;
    if (below) highest = std::max(highest, correlation[lag]);
    if (!below) correlation[lag] = -1;
  }
  if (highest < kLeastCorrelation) return 0;
  // A multiple of the season correlates as well as the season does: the first
  // peak of about that height, and of it the top.
  size_t lag = 1;
  while (correlation[lag] < highest - kEqual) ++lag;
  size_t season = lag;
  for (; lag <= longest && correlation[lag] >= highest - kEqual; ++lag) {
    if (correlation[lag] > correlation[season]) season = lag;
  }
  // Still rising where the search ends is no peak.
  return season < longest ? static_cast<int64_t>(season) : 0;
}

TrainerEntry ConstantTrainer() {
  return {"constant",
          "the training target's mean (median=1: its median)",
          {{"median", 0, 0, 1}},
          {},
          TrainConstant};
}

TrainerEntry PersistenceTrainer() {
  return {
      "persistence", "the newest observed target", {}, {}, TrainPersistence};
}

TrainerEntry SeasonalTrainer() {
  return {"seasonal-naive",
          "the target one season before (period=0: found; persistence where "
          "there is none)",
          {{"period", 0, 0, 1e6}},
          {},
          TrainSeasonal};
}

}  // namespace airlock
