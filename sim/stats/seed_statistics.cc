#include "sim/stats/seed_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/base/error.h"
#include "sim/stats/moments.h"
#include "sim/stats/quantile.h"

namespace airlock {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::vector<double> Pooled(const RunScores& scores) {
  std::vector<double> all;
  for (const auto& task : scores) {
    all.insert(all.end(), task.begin(), task.end());
  }
  return all;
}

bool EveryTaskHas(const RunScores& scores, size_t runs) {
  return !scores.empty() &&
         std::all_of(scores.begin(), scores.end(),
                     [runs](const auto& task) { return task.size() >= runs; });
}

// Each task's runs, drawn anew.
void Resample(const RunScores& scores, RngStream* rng, RunScores* drawn) {
  drawn->resize(scores.size());
  for (size_t t = 0; t < scores.size(); ++t) {
    const auto n = static_cast<uint64_t>(scores[t].size());
    (*drawn)[t].resize(n);
    for (double& score : (*drawn)[t]) score = scores[t][rng->UniformInt(n)];
  }
}

Interval Percentiles(double estimate, const std::vector<double>& resampled,
                     double confidence) {
  const double tail = (1 - confidence) / 2;
  const std::vector<double> bounds = Quantiles(resampled, {tail, 1 - tail});
  return {estimate, bounds[0], bounds[1]};
}

}  // namespace

void RequireRuns(const RunScores& scores) {
  size_t fewest = scores.empty() ? 0 : scores.front().size();
  for (const auto& task : scores) fewest = std::min(fewest, task.size());
  if (static_cast<int64_t>(fewest) >= kFewestRuns) return;
  throw InputError(fmt::format(
      "{} training runs are too few for a claim; {} are needed: with 5 a 95 % "
      "interval holds in 88 to 92 % of cases only, with 3 in 67 to 86 % "
      "(Agarwal et al. 2021)",
      fewest, kFewestRuns));
}

double InterquartileMean(std::vector<double> values) {
  if (values.empty() || HasMissing(values)) return kNan;
  std::sort(values.begin(), values.end());
  const size_t cut = values.size() / 4;
  return Mean({values.begin() + static_cast<ptrdiff_t>(cut),
               values.end() - static_cast<ptrdiff_t>(cut)});
}

double OptimalityGap(const std::vector<double>& values, double target) {
  if (values.empty() || HasMissing(values)) return kNan;
  double sum = 0;
  for (const double value : values) sum += std::min(value, target);
  return target - sum / static_cast<double>(values.size());
}

std::vector<double> PerformanceProfile(const RunScores& scores,
                                       const std::vector<double>& thresholds) {
  std::vector<double> profile;
  const bool known = EveryTaskHas(scores, 1) && !HasMissing(Pooled(scores));
  for (const double threshold : thresholds) {
    double sum = 0;
    for (const auto& task : scores) {
      const auto above =
          std::count_if(task.begin(), task.end(),
                        [threshold](double x) { return x > threshold; });
      sum += static_cast<double>(above) / static_cast<double>(task.size());
    }
    profile.push_back(known ? sum / static_cast<double>(scores.size()) : kNan);
  }
  return profile;
}

double ProbabilityOfImprovement(const RunScores& x, const RunScores& y) {
  AIRLOCK_CHECK(x.size() == y.size());
  if (!EveryTaskHas(x, 1) || !EveryTaskHas(y, 1) || HasMissing(Pooled(x)) ||
      HasMissing(Pooled(y))) {
    return kNan;
  }
  double sum = 0;
  for (size_t t = 0; t < x.size(); ++t) {
    double wins = 0;
    for (const double a : x[t]) {
      for (const double b : y[t]) wins += a > b ? 1 : a == b ? 0.5 : 0;
    }
    sum += wins / static_cast<double>(x[t].size() * y[t].size());
  }
  return sum / static_cast<double>(x.size());
}

Interval StratifiedInterval(const RunScores& scores, const Statistic& statistic,
                            const SeedBootstrap& options, RngStream* rng) {
  if (!EveryTaskHas(scores, 2) || HasMissing(Pooled(scores))) return {};
  std::vector<double> resampled;
  RunScores drawn;
  for (int64_t i = 0; i < options.resamples; ++i) {
    Resample(scores, rng, &drawn);
    resampled.push_back(statistic(Pooled(drawn)));
  }
  return Percentiles(statistic(Pooled(scores)), resampled, options.confidence);
}

Interval ImprovementInterval(const RunScores& x, const RunScores& y,
                             const SeedBootstrap& options, RngStream* rng) {
  const double estimate = ProbabilityOfImprovement(x, y);
  if (std::isnan(estimate) || !EveryTaskHas(x, 2) || !EveryTaskHas(y, 2)) {
    return {};
  }
  std::vector<double> resampled;
  RunScores from_x, from_y;
  for (int64_t i = 0; i < options.resamples; ++i) {
    Resample(x, rng, &from_x);
    Resample(y, rng, &from_y);
    resampled.push_back(ProbabilityOfImprovement(from_x, from_y));
  }
  return Percentiles(estimate, resampled, options.confidence);
}

}  // namespace airlock
