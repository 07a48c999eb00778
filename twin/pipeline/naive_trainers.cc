#include "twin/pipeline/naive_trainers.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "twin/forecast/naive_forecasters.h"

namespace airlock {
namespace {

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
  if (rows.rows() == 0) return 0;
  std::vector<double> target = TargetInTime(rows);
  RemoveTrend(&target);
  const size_t longest = target.size() / 3;
  size_t lag = 1;
  while (lag <= longest && Autocorrelation(target, lag) >= 0) ++lag;
  double highest = kLeastCorrelation;
  int64_t season = 0;
  for (; lag <= longest; ++lag) {
    const double correlation = Autocorrelation(target, lag);
    // A multiple of the season is hardly higher than the season itself.
    if (correlation < highest + (season > 0 ? 0.02 : 0)) continue;
    highest = correlation;
    season = static_cast<int64_t>(lag);
  }
  // The top of its peak is what counts, and no lag at the search's end.
  return season < static_cast<int64_t>(longest) ? season : 0;
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
