#include "sim/stats/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/base/error.h"
#include "sim/stats/batch_means.h"
#include "sim/stats/moments.h"
#include "sim/stats/quantile.h"

namespace airlock {
namespace {

std::vector<double> Pick(const std::vector<double>& values,
                         const std::vector<int64_t>& positions) {
  std::vector<double> picked;
  picked.reserve(positions.size());
  for (const int64_t i : positions) {
    picked.push_back(values[static_cast<size_t>(i)]);
  }
  return picked;
}

// The quantiles `low` and `high` of the sorted resampled statistics.
void SetBounds(const std::vector<double>& sorted, double low, double high,
               Interval* interval) {
  interval->low = QuantileOfSorted(sorted, low);
  interval->high = QuantileOfSorted(sorted, high);
}

// Sorted; empty if any is NaN.
std::vector<double> ResampledStatistics(
    int64_t resamples, const std::function<std::vector<double>()>& resample,
    const Statistic& statistic) {
  std::vector<double> results;
  results.reserve(static_cast<size_t>(resamples));
  for (int64_t b = 0; b < resamples; ++b) {
    results.push_back(statistic(resample()));
  }
  if (HasMissing(results)) return {};
  std::sort(results.begin(), results.end());
  return results;
}

// sum d^3 / (6 (sum d^2)^1.5) over the jackknife's deviations d.
double Acceleration(const std::vector<double>& values,
                    const Statistic& statistic) {
  std::vector<double> left_out;
  left_out.reserve(values.size());
  std::vector<double> rest(values.begin() + 1, values.end());
  for (size_t i = 0; i < values.size(); ++i) {
    left_out.push_back(statistic(rest));
    if (i < rest.size()) rest[i] = values[i];
  }
  const double mean = Mean(left_out);
  double squares = 0, cubes = 0;
  for (const double value : left_out) {
    const double d = mean - value;
    squares += d * d;
    cubes += d * d * d;
  }
  return squares > 0 ? cubes / (6 * std::pow(squares, 1.5)) : 0;
}

void SetBcaBounds(const std::vector<double>& sorted, double acceleration,
                  double confidence, Interval* interval) {
  const double count = static_cast<double>(sorted.size());
  const auto equal =
      std::equal_range(sorted.begin(), sorted.end(), interval->estimate);
  // Resamples equal to the estimate count half on each side.
  const double below = (static_cast<double>(equal.first - sorted.begin()) +
                        static_cast<double>(equal.second - sorted.begin())) /
                       (2 * count);
  const double z0 =
      NormalQuantile(std::clamp(below, 0.5 / count, 1 - 0.5 / count));
  const double z = NormalQuantile((1 + confidence) / 2);
  const auto level = [&](double tail) {
    return NormalCdf(z0 + (z0 + tail) / (1 - acceleration * (z0 + tail)));
  };
  SetBounds(sorted, level(-z), level(z), interval);
}

double ChosenBlockLength(const std::vector<double>& values) {
  const double n = static_cast<double>(values.size());
  const double correlation_time = n / EffectiveSampleSize(values);
  const double length =
      std::max(std::ceil(std::cbrt(n)), std::ceil(2 * correlation_time));
  return std::clamp(length, 1.0, std::max(1.0, std::floor(n / 2)));
}

}  // namespace

std::vector<int64_t> BlockResample(int64_t n, BlockScheme scheme,
                                   double block_length, RngStream* rng) {
  AIRLOCK_CHECK(n > 0 && block_length >= 1, "n {}, block length {}", n,
                block_length);
  std::vector<int64_t> positions;
  positions.reserve(static_cast<size_t>(n));
  const uint64_t size = static_cast<uint64_t>(n);
  if (scheme == BlockScheme::kMoving) {
    const int64_t length =
        std::min<int64_t>(n, static_cast<int64_t>(std::lround(block_length)));
    const uint64_t starts = static_cast<uint64_t>(n - length + 1);
    while (static_cast<int64_t>(positions.size()) < n) {
      const int64_t start = static_cast<int64_t>(rng->UniformInt(starts));
      for (int64_t k = 0;
           k < length && static_cast<int64_t>(positions.size()) < n; ++k) {
        positions.push_back(start + k);
      }
    }
    return positions;
  }
  int64_t at = static_cast<int64_t>(rng->UniformInt(size));
  positions.push_back(at);
  while (static_cast<int64_t>(positions.size()) < n) {
    at = rng->Uniform() * block_length < 1
             ? static_cast<int64_t>(rng->UniformInt(size))
             : (at + 1) % n;
    positions.push_back(at);
  }
  return positions;
}

Interval BootstrapInterval(const std::vector<double>& values,
                           const Statistic& statistic,
                           const BootstrapOptions& options, RngStream* rng) {
  Interval interval;
  if (values.size() < 2 || HasMissing(values)) return interval;
  interval.estimate = statistic(values);
  const int64_t n = static_cast<int64_t>(values.size());
  const std::vector<double> sorted = ResampledStatistics(
      options.resamples,
      [&] {
        return Pick(values, BlockResample(n, BlockScheme::kStationary, 1, rng));
      },
      statistic);
  if (sorted.empty() || std::isnan(interval.estimate)) return interval;
  if (options.method == BootstrapMethod::kBca &&
      sorted.front() != sorted.back()) {
    SetBcaBounds(sorted, Acceleration(values, statistic), options.confidence,
                 &interval);
  } else {
    SetBounds(sorted, (1 - options.confidence) / 2,
              (1 + options.confidence) / 2, &interval);
  }
  return interval;
}

Interval BlockBootstrapInterval(const std::vector<double>& values,
                                const Statistic& statistic,
                                const BlockBootstrapOptions& options,
                                RngStream* rng) {
  Interval interval;
  if (values.size() < 2 || HasMissing(values)) return interval;
  interval.estimate = statistic(values);
  const int64_t n = static_cast<int64_t>(values.size());
  const double length = options.block_length >= 1 ? options.block_length
                                                  : ChosenBlockLength(values);
  const std::vector<double> sorted = ResampledStatistics(
      options.resamples,
      [&] {
        return Pick(values, BlockResample(n, options.scheme, length, rng));
      },
      statistic);
  if (sorted.empty()) return interval;
  SetBounds(sorted, (1 - options.confidence) / 2, (1 + options.confidence) / 2,
            &interval);
  return interval;
}

}  // namespace airlock
