#include "calibration/fit/predictive.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sim/base/error.h"
#include "sim/stats/quantile.h"
#include "sim/stats/two_sample.h"

namespace airlock {

namespace {

double Sd(const std::vector<double>& values) {
  const double n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double square = 0;
  for (const double value : values) square += (value - mean) * (value - mean);
  return values.size() > 1 ? std::sqrt(square / (n - 1)) : 0;
}

// Relative to the measured quantile; to the spread where that is zero.
double QuantileError(const std::vector<double>& measured,
                     const std::vector<double>& replayed, double p, double sd) {
  const double want = Quantile(measured, p);
  const double got = Quantile(replayed, p);
  if (want == got) return 0;
  const double unit = want != 0 ? std::abs(want) : sd;
  return (got - want) / unit;
}

}  // namespace

DifferenceKind DifferenceOf(const std::string& kpi) {
  return kpi == "loss_ratio" ? DifferenceKind::kSum : DifferenceKind::kFactor;
}

ResidualPool::ResidualPool(DifferenceKind kind, bool bounded, size_t neighbours)
    : kind_(kind), bounded_(bounded), neighbours_(neighbours) {}

double ResidualPool::Difference(double from, double to) const {
  return kind_ == DifferenceKind::kSum ? to - from : to / from;
}

double ResidualPool::Apply(double value, double difference) const {
  return kind_ == DifferenceKind::kSum ? value + difference
                                       : value * difference;
}

void ResidualPool::Add(const std::vector<double>& features,
                       const std::vector<double>& replayed, double mean,
                       double measured) {
  for (const double feature : features) {
    if (std::isnan(feature)) return;
  }
  const double difference = Difference(mean, measured);
  if (!std::isfinite(difference)) return;
  std::vector<double> departures;
  for (const double value : replayed) {
    departures.push_back(Difference(mean, value));
    if (!std::isfinite(departures.back())) return;
  }
  features_.push_back(features);
  differences_.push_back(difference);
  departures_.push_back(std::move(departures));
}

void ResidualPool::Close() {
  if (features_.empty()) return;
  for (size_t j = 0; j < features_[0].size(); ++j) {
    std::vector<double> column;
    for (const auto& row : features_) column.push_back(row[j]);
    const double sd = Sd(column);
    scales_.push_back(sd > 0 ? 1 / sd : 0);
  }
}

std::vector<size_t> ResidualPool::Nearest(
    const std::vector<double>& features) const {
  std::vector<std::pair<double, size_t>> order;
  for (size_t i = 0; i < features_.size(); ++i) {
    double distance = 0;
    for (size_t j = 0; j < features.size(); ++j) {
      const double gap = (features_[i][j] - features[j]) * scales_[j];
      distance += gap * gap;
    }
    order.emplace_back(distance, i);
  }
  // A sixth of the pool, so that "near" means something in a small one.
  const size_t count = std::min(
      order.size(), std::clamp(order.size() / 6, size_t{30}, neighbours_));
  std::partial_sort(order.begin(), order.begin() + static_cast<int64_t>(count),
                    order.end());
  std::vector<size_t> nearest;
  for (size_t k = 0; k < count; ++k) nearest.push_back(order[k].second);
  return nearest;
}

std::vector<double> ResidualPool::Draws(const std::vector<double>& features,
                                        double mean) const {
  AIRLOCK_CHECK(!differences_.empty());
  const std::vector<size_t> nearest = Nearest(features);
  std::vector<double> departures(departures_[0].size(), 0);
  for (const size_t i : nearest) {
    for (size_t draw = 0; draw < departures.size(); ++draw) {
      departures[draw] +=
          departures_[i][draw] / static_cast<double>(nearest.size());
    }
  }
  std::vector<double> draws;
  for (size_t k = 0; k < nearest.size(); ++k) {
    double value = Apply(mean, differences_[nearest[k]]);
    value = Apply(value, departures[k % departures.size()]);
    draws.push_back(bounded_ ? std::clamp(value, 0.0, 1.0) : value);
  }
  std::sort(draws.begin(), draws.end());
  return draws;
}

double CentralPart(const std::vector<double>& sorted_draws, double measured) {
  const auto below =
      std::lower_bound(sorted_draws.begin(), sorted_draws.end(), measured) -
      sorted_draws.begin();
  const auto upto =
      std::upper_bound(sorted_draws.begin(), sorted_draws.end(), measured) -
      sorted_draws.begin();
  // The measured value as one more draw: ranks below..upto of n + 1.
  const double n = static_cast<double>(sorted_draws.size() + 1);
  const double from = static_cast<double>(below) / n;
  const double to = static_cast<double>(upto + 1) / n;
  const double inside = std::min(to, 0.95) - std::max(from, 0.05);
  return std::max(0.0, inside) / (to - from);
}

KpiFidelity JudgeKpi(const std::string& kpi,
                     const std::vector<double>& measured,
                     const std::vector<double>& replayed,
                     const std::vector<double>& central,
                     const FidelityLimits& limits) {
  KpiFidelity fidelity;
  fidelity.kpi = kpi;
  fidelity.samples = static_cast<int64_t>(measured.size());
  std::vector<std::string> reasons;
  if (measured.size() < 20 || replayed.empty() || central.empty()) {
    fidelity.reason = fmt::format("{} held-out samples; at least 20 are needed",
                                  measured.size());
    return fidelity;
  }
  fidelity.sd = Sd(measured);
  const double w1 = Wasserstein1(measured, replayed);
  fidelity.w1_over_sd = w1 == 0 ? 0 : w1 / fidelity.sd;
  fidelity.p50_error = QuantileError(measured, replayed, 0.50, fidelity.sd);
  fidelity.p99_error = QuantileError(measured, replayed, 0.99, fidelity.sd);
  fidelity.coverage = std::accumulate(central.begin(), central.end(), 0.0) /
                      static_cast<double>(central.size());
  if (!(fidelity.w1_over_sd <= limits.w1_over_sd)) {
    reasons.push_back(fmt::format("W1/sd {:.3f} is above {:.3f}",
                                  fidelity.w1_over_sd, limits.w1_over_sd));
  }
  if (!(std::abs(fidelity.p99_error) <= limits.p99_error)) {
    reasons.push_back(fmt::format("p99 error {:+.1f} % is beyond {:.1f} %",
                                  100 * fidelity.p99_error,
                                  100 * limits.p99_error));
  }
  if (!(fidelity.coverage >= limits.coverage_low &&
        fidelity.coverage <= limits.coverage_high)) {
    reasons.push_back(
        fmt::format("the 90 % interval covers {:.1f} %, not {:.1f}..{:.1f} %",
                    100 * fidelity.coverage, 100 * limits.coverage_low,
                    100 * limits.coverage_high));
  }
  for (const std::string& reason : reasons) {
    fidelity.reason += (fidelity.reason.empty() ? "" : "; ") + reason;
  }
  fidelity.credible = reasons.empty();
  return fidelity;
}

}  // namespace airlock
