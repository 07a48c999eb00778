#include "twin/forecast/interval_scores.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

double Pinball(double observed, double predicted, double p) {
  const double difference = observed - predicted;
  return difference >= 0 ? p * difference : (p - 1) * difference;
}

// The length of the p nearer to each quantile than to its neighbours.
std::vector<double> Cells(const std::vector<double>& p) {
  std::vector<double> cells;
  for (size_t k = 0; k < p.size(); ++k) {
    const double low = k == 0 ? 0 : (p[k - 1] + p[k]) / 2;
    const double high = k + 1 == p.size() ? 1 : (p[k] + p[k + 1]) / 2;
    cells.push_back(high - low);
  }
  return cells;
}

void CheckQuantiles(const std::vector<double>& p) {
  bool ascending = !p.empty();
  for (size_t k = 0; k < p.size(); ++k) {
    ascending =
        ascending && p[k] > 0 && p[k] < 1 && (k == 0 || p[k - 1] < p[k]);
  }
  if (ascending) return;
  throw InputError("quantiles must ascend within 0 and 1");
}

double MeanOf(double sum, int64_t count) {
  return count > 0 ? sum / static_cast<double>(count) : kUndefined;
}

}  // namespace

IntervalScores ScoreIntervals(const std::vector<double>& observed,
                              const std::vector<PredictionInterval>& intervals,
                              double level) {
  CheckLevel(level);
  AIRLOCK_CHECK(observed.size() == intervals.size(),
                "{} observed, {} intervals", observed.size(), intervals.size());
  IntervalScores scores;
  scores.level = level;
  int64_t covered = 0;
  double width = 0, winkler = 0;
  for (size_t i = 0; i < observed.size(); ++i) {
    const PredictionInterval& interval = intervals[i];
    if (std::isnan(observed[i]) || std::isnan(interval.width())) continue;
    const double outside = std::max(
        {0.0, interval.low - observed[i], observed[i] - interval.high});
    covered += interval.Contains(observed[i]);
    width += interval.width();
    winkler += interval.width() + 2 / (1 - level) * outside;
    ++scores.samples;
  }
  scores.coverage = MeanOf(static_cast<double>(covered), scores.samples);
  scores.mean_width = MeanOf(width, scores.samples);
  scores.winkler = MeanOf(winkler, scores.samples);
  return scores;
}

double PinballLoss(const std::vector<double>& observed,
                   const std::vector<double>& predicted, double p) {
  CheckLevel(p);
  AIRLOCK_CHECK(observed.size() == predicted.size(),
                "{} observed, {} predicted", observed.size(), predicted.size());
  double sum = 0;
  int64_t count = 0;
  for (size_t i = 0; i < observed.size(); ++i) {
    const double loss = Pinball(observed[i], predicted[i], p);
    if (std::isnan(loss)) continue;
    sum += loss;
    ++count;
  }
  return MeanOf(sum, count);
}

double CrpsFromQuantiles(const std::vector<double>& observed,
                         const std::vector<std::vector<double>>& quantiles,
                         const std::vector<double>& p) {
  CheckQuantiles(p);
  AIRLOCK_CHECK(observed.size() == quantiles.size(),
                "{} observed, {} forecasts", observed.size(), quantiles.size());
  const std::vector<double> cells = Cells(p);
  double sum = 0;
  int64_t count = 0;
  for (size_t i = 0; i < observed.size(); ++i) {
    AIRLOCK_CHECK(quantiles[i].size() == p.size(), "row {}", i);
    double score = 0;
    for (size_t k = 0; k < p.size(); ++k) {
      score += 2 * cells[k] * Pinball(observed[i], quantiles[i][k], p[k]);
    }
    if (std::isnan(score)) continue;
    sum += score;
    ++count;
  }
  return MeanOf(sum, count);
}

ResidualDistribution::ResidualDistribution(std::vector<double> residuals)
    : sorted_(std::move(residuals)) {
  if (sorted_.empty()) {
    throw InputError("no residuals: there is no distribution of errors");
  }
  for (const double residual : sorted_) {
    if (std::isfinite(residual)) continue;
    throw InputError(fmt::format("residual {} is not a number", residual));
  }
  std::sort(sorted_.begin(), sorted_.end());
  sums_ = {0};
  // The sum of |x_i - x_j| over all pairs i, j is 2 sum_i (2 i - n - 1) x_(i).
  const double n = static_cast<double>(sorted_.size());
  double weighted = 0;
  for (size_t i = 0; i < sorted_.size(); ++i) {
    sums_.push_back(sums_.back() + sorted_[i]);
    weighted += (2 * static_cast<double>(i + 1) - n - 1) * sorted_[i];
  }
  half_mean_difference_ = weighted / (n * n);
}

double ResidualDistribution::Crps(double prediction, double observed) const {
  const double error = observed - prediction;
  const size_t below = static_cast<size_t>(
      std::lower_bound(sorted_.begin(), sorted_.end(), error) -
      sorted_.begin());
  const double n = static_cast<double>(sorted_.size());
  const double k = static_cast<double>(below);
  const double distance = (k * error - sums_[below]) +
                          (sums_.back() - sums_[below] - (n - k) * error);
  return distance / n - half_mean_difference_;
}

double ResidualDistribution::Crps(const std::vector<double>& predictions,
                                  const std::vector<double>& observed) const {
  AIRLOCK_CHECK(predictions.size() == observed.size(),
                "{} predictions, {} observed", predictions.size(),
                observed.size());
  double sum = 0;
  int64_t count = 0;
  for (size_t i = 0; i < observed.size(); ++i) {
    if (std::isnan(predictions[i]) || std::isnan(observed[i])) continue;
    sum += Crps(predictions[i], observed[i]);
    ++count;
  }
  return MeanOf(sum, count);
}

}  // namespace airlock
