#include "sim/stats/diebold_mariano.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/stats/interval.h"
#include "sim/stats/moments.h"

namespace airlock {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

DieboldMarianoResult Unknown(int64_t pairs) {
  DieboldMarianoResult result;
  result.mean_difference = result.statistic = kNaN;
  result.p_two_sided = result.p_first_better = result.p_second_better = kNaN;
  result.pairs = pairs;
  return result;
}

double Loss(double error, ForecastLoss loss) {
  return loss == ForecastLoss::kSquared ? error * error : std::abs(error);
}

// Sum over i of (d_i - mean)(d_{i-lag} - mean) / n.
double Autocovariance(const std::vector<double>& values, double mean,
                      int64_t lag) {
  double sum = 0;
  for (size_t i = static_cast<size_t>(lag); i < values.size(); ++i) {
    sum += (values[i] - mean) * (values[i - static_cast<size_t>(lag)] - mean);
  }
  return sum / static_cast<double>(values.size());
}

double LongRun(const std::vector<double>& values, double mean, int64_t horizon,
               LongRunVariance variance) {
  double sum = Autocovariance(values, mean, 0);
  for (int64_t lag = 1; lag < horizon; ++lag) {
    const double weight =
        variance == LongRunVariance::kRectangular
            ? 1.0
            : 1 - static_cast<double>(lag) / static_cast<double>(horizon);
    sum += 2 * weight * Autocovariance(values, mean, lag);
  }
  return sum;
}

// The factor of Harvey, Leybourne and Newbold.
double SmallSampleFactor(double n, double h) {
  return std::sqrt((n + 1 - 2 * h + h * (h - 1) / n) / n);
}

bool AllEqual(const std::vector<double>& values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return *low == *high;
}

void SetProbabilities(double degrees_of_freedom, DieboldMarianoResult* result) {
  const double t = result->statistic;
  result->p_first_better = StudentTCdf(t, degrees_of_freedom);
  result->p_second_better = StudentTCdf(-t, degrees_of_freedom);
  result->p_two_sided =
      std::min(1.0, 2 * StudentTCdf(-std::abs(t), degrees_of_freedom));
}

// All differences are the same number.
void SetCertain(DieboldMarianoResult* result) {
  const double mean = result->mean_difference;
  result->statistic = mean == 0 ? 0 : std::copysign(kInfinity, mean);
  result->p_two_sided = mean == 0 ? 1 : 0;
  result->p_first_better = mean == 0 ? 0.5 : (mean < 0 ? 0 : 1);
  result->p_second_better = mean == 0 ? 0.5 : (mean > 0 ? 0 : 1);
}

}  // namespace

DieboldMarianoResult DieboldMariano(const std::vector<double>& first,
                                    const std::vector<double>& second,
                                    int64_t horizon,
                                    const DieboldMarianoOptions& options) {
  const int64_t pairs = static_cast<int64_t>(first.size());
  horizon = std::max<int64_t>(horizon, 1);
  if (first.size() != second.size() || pairs < 2 || horizon >= pairs ||
      HasMissing(first) || HasMissing(second)) {
    return Unknown(pairs);
  }
  std::vector<double> differences;
  differences.reserve(first.size());
  for (size_t i = 0; i < first.size(); ++i) {
    differences.push_back(Loss(first[i], options.loss) -
                          Loss(second[i], options.loss));
  }
  DieboldMarianoResult result;
  result.pairs = pairs;
  result.mean_difference = Mean(differences);
  if (!std::isfinite(result.mean_difference)) return Unknown(pairs);
  if (AllEqual(differences)) {
    result.mean_difference = differences[0];
    SetCertain(&result);
    return result;
  }
  double variance =
      LongRun(differences, result.mean_difference, horizon, options.variance);
  if (!(variance > 0)) {
    result.fell_back = true;
    variance = LongRun(differences, result.mean_difference, horizon,
                       LongRunVariance::kBartlett);
  }
  if (!(variance > 0)) return Unknown(pairs);
  const double n = static_cast<double>(pairs);
  result.statistic = SmallSampleFactor(n, static_cast<double>(horizon)) *
                     result.mean_difference / std::sqrt(variance / n);
  SetProbabilities(n - 1, &result);
  return result;
}

}  // namespace airlock
