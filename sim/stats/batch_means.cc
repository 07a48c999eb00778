#include "sim/stats/batch_means.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/stats/moments.h"

namespace airlock {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// sum over i of (x_i - mean) (x_{i+lag} - mean), divided by n.
double Autocovariance(const std::vector<double>& values, double mean,
                      size_t lag) {
  double sum = 0;
  for (size_t i = 0; i + lag < values.size(); ++i) {
    sum += (values[i] - mean) * (values[i + lag] - mean);
  }
  return sum / static_cast<double>(values.size());
}

bool IsConstant(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(),
                     [&](double value) { return value == values.front(); });
}

// Means of consecutive batches of `size` values, from `begin` on.
std::vector<double> MeansOfBatches(const std::vector<double>& values,
                                   size_t begin, size_t size, size_t count) {
  std::vector<double> means;
  means.reserve(count);
  for (size_t b = 0; b < count; ++b) {
    const auto first = values.begin() + static_cast<int64_t>(begin + b * size);
    means.push_back(
        Mean(std::vector<double>(first, first + static_cast<int64_t>(size))));
  }
  return means;
}

}  // namespace

std::vector<double> Autocorrelation(const std::vector<double>& values,
                                    int64_t max_lag) {
  std::vector<double> rho(
      static_cast<size_t>(std::max<int64_t>(max_lag, 0)) + 1, kNaN);
  if (values.empty() || HasMissing(values) || IsConstant(values)) return rho;
  const double mean = Mean(values);
  const double variance = Autocovariance(values, mean, 0);
  for (size_t lag = 0; lag < rho.size(); ++lag) {
    rho[lag] = Autocovariance(values, mean, lag) / variance;
  }
  return rho;
}

double EffectiveSampleSize(const std::vector<double>& values) {
  const double n = static_cast<double>(values.size());
  if (values.empty() || HasMissing(values)) return kNaN;
  if (IsConstant(values)) return n;
  const double mean = Mean(values);
  const double variance = Autocovariance(values, mean, 0);
  double tau = -1;
  for (size_t lag = 0; lag + 1 < values.size(); lag += 2) {
    const double pair = (Autocovariance(values, mean, lag) +
                         Autocovariance(values, mean, lag + 1)) /
                        variance;
    if (!(pair > 0)) break;
    tau += 2 * pair;
  }
  return tau > 0 ? std::clamp(n / tau, 1.0, n) : n;
}

BatchMeansResult BatchMeans(const std::vector<double>& values, int64_t batches,
                            double confidence) {
  BatchMeansResult result;
  result.lag1 = kNaN;
  const int64_t n = static_cast<int64_t>(values.size());
  if (batches < 2 || n < batches || HasMissing(values)) return result;
  result.batch_size = n / batches;
  const int64_t cut = n - batches * result.batch_size;
  result.batch_means = MeansOfBatches(values, static_cast<size_t>(cut),
                                      static_cast<size_t>(result.batch_size),
                                      static_cast<size_t>(batches));
  result.mean = MeanInterval(result.batch_means, confidence);
  result.lag1 = Autocorrelation(result.batch_means, 1)[1];
  return result;
}

MserResult Mser5(const std::vector<double>& values) {
  constexpr size_t kBatch = 5;
  MserResult result;
  const size_t batches = values.size() / kBatch;
  if (batches < 2 || HasMissing(values)) {
    result.truncated_half = true;
    return result;
  }
  const std::vector<double> means = MeansOfBatches(values, 0, kBatch, batches);
  // Mean and sum of squared deviations of the last m batch means, updated
  // towards the front (Welford, 1962).
  double mean = 0, squares = 0, best = std::numeric_limits<double>::infinity();
  size_t best_cut = 0;
  const size_t last_cut = batches / 2;
  for (size_t cut = batches; cut-- > 0;) {
    const double m = static_cast<double>(batches - cut);
    const double step = means[cut] - mean;
    mean += step / m;
    squares += step * (means[cut] - mean);
    if (cut > last_cut) continue;
    const double score = squares / (m * m);
    if (score > best) continue;
    best = score;
    best_cut = cut;
  }
  result.drop = static_cast<int64_t>(best_cut * kBatch);
  result.truncated_half = best_cut == last_cut;
  return result;
}

}  // namespace airlock
