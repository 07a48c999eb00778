#include "twin/pipeline/interval_calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "sim/base/error.h"

namespace airlock {
namespace {

// Trees of what a line leaves: of the target itself they would be as coarse as
// their steps. Small ones, since a quantile far out has few samples to learn
// from.
constexpr const char* kTrainer = "linear-boost";
constexpr double kMostRounds = 80;
constexpr double kFewestRounds = 5;
constexpr double kDepth = 3;
constexpr double kLeastLeaf = 10;

std::vector<double> LevelsOf(const IntervalStage& stage) {
  std::vector<double> levels;
  for (const Ratio level : stage.levels) levels.push_back(level.value());
  std::sort(levels.begin(), levels.end());
  return levels;
}

Candidate QuantileCandidate(double quantile, double rounds, int64_t keep) {
  Candidate candidate;
  candidate.trainer = kTrainer;
  candidate.keep = keep;
  candidate.parameters = {{"quantile", quantile},
                          {"rounds", rounds},
                          {"depth", kDepth},
                          {"min_child_weight", kLeastLeaf}};
  return candidate;
}

double LowerQuantile(double level) { return (1 - level) / 2; }

std::shared_ptr<const Forecaster> FitQuantile(const ValidationBench& bench,
                                              const ForecastModel& model,
                                              const Candidate& candidate) {
  FittedCandidate fitted = bench.Fit(candidate);
  const auto& ours = fitted.preparation.features();
  const auto& others = model.features();
  AIRLOCK_CHECK(
      std::equal(ours.begin(), ours.end(), others.begin(), others.end(),
                 [](const FeatureFacts& a, const FeatureFacts& b) {
                   return a.feature == b.feature;
                 }),
      "{} features, the model has {}", ours.size(), others.size());
  return std::move(fitted.forecaster);
}

std::vector<QuantilePair> FitPairs(const std::vector<double>& levels,
                                   const ValidationBench& bench,
                                   const ForecastModel& model, double rounds,
                                   int64_t keep) {
  std::vector<QuantilePair> pairs;
  for (const double level : levels) {
    const double low = LowerQuantile(level);
    pairs.push_back(
        {level, FitQuantile(bench, model, QuantileCandidate(low, rounds, keep)),
         FitQuantile(bench, model, QuantileCandidate(1 - low, rounds, keep))});
  }
  return pairs;
}

// What trees of as many rounds forecast in validation.
std::vector<CalibrationSample> CalibrateLevel(const ValidationBench& bench,
                                              double level, double rounds,
                                              int64_t keep) {
  const double quantile = LowerQuantile(level);
  const WalkForwardResult low =
      bench.Validate(QuantileCandidate(quantile, rounds, keep));
  const WalkForwardResult high =
      bench.Validate(QuantileCandidate(1 - quantile, rounds, keep));
  std::vector<CalibrationSample> samples;
  for (size_t i = 0; i < low.observed.size(); ++i) {
    samples.push_back(
        {QuantileBase(low.predicted[i], high.predicted[i]), low.observed[i]});
  }
  return samples;
}

// Why trees of these pairs are refused, whose text has `bytes`; empty if they
// are not.
std::string Refusal(const PipelineFile& file, int64_t bytes,
                    const std::vector<QuantilePair>& pairs) {
  double microseconds = 0;
  for (const QuantilePair& pair : pairs) {
    microseconds += EstimatedMicroseconds(*pair.low);
    microseconds += EstimatedMicroseconds(*pair.high);
  }
  if (bytes > file.tuning.maximum_bytes) {
    return fmt::format("the model would be {} B, more than {} B", bytes,
                       file.tuning.maximum_bytes);
  }
  if (microseconds > file.tuning.maximum_microseconds) {
    return fmt::format("they would take {:.1f} us, more than {:g} us",
                       microseconds, file.tuning.maximum_microseconds);
  }
  return "";
}

// Bytes of the model's file with these trees, at least: without calibration.
int64_t LeastBytes(const ForecastModel& model,
                   const std::vector<QuantilePair>& pairs) {
  int64_t bytes = ModelSizeBytes(model);
  for (const QuantilePair& pair : pairs) {
    bytes += static_cast<int64_t>(pair.low->Save().size());
    bytes += static_cast<int64_t>(pair.high->Save().size());
  }
  return bytes;
}

QuantileIntervals TrainQuantileIntervals(const PipelineFile& file,
                                         const ValidationBench& bench,
                                         const ForecastModel& model,
                                         int64_t keep) {
  const std::vector<double> levels = LevelsOf(file.intervals);
  std::string refusal;
  for (double rounds = kMostRounds; rounds >= kFewestRounds; rounds /= 2) {
    const std::vector<QuantilePair> pairs =
        FitPairs(levels, bench, model, rounds, keep);
    refusal = Refusal(file, LeastBytes(model, pairs), pairs);
    if (!refusal.empty()) continue;
    std::vector<std::vector<CalibrationSample>> calibration;
    for (const double level : levels) {
      calibration.push_back(CalibrateLevel(bench, level, rounds, keep));
    }
    const QuantileIntervals intervals(pairs, calibration);
    refusal = Refusal(
        file, ModelSizeBytes(model.WithQuantileIntervals(intervals)), pairs);
    if (refusal.empty()) return intervals;
  }
  throw InputError(fmt::format(
      "intervals: no quantile trees for {} levels: {}; fewer levels, a "
      "smaller model, or the method adaptive",
      levels.size(), refusal));
}

}  // namespace

ForecastModel WithCalibratedIntervals(const PipelineFile& file,
                                      const ValidationBench& bench,
                                      const TriedCandidate& chosen,
                                      const ForecastModel& model) {
  const std::string& method = file.intervals.method;
  if (method == "none") return model.WithIntervals(std::nullopt);
  if (method == "quantile") {
    return model.WithQuantileIntervals(
        TrainQuantileIntervals(file, bench, model, chosen.candidate.keep));
  }
  AdaptiveOptions options;
  options.levels = LevelsOf(file.intervals);
  if (method == "split") options.adaptation = Adaptation::kNone;
  return model.WithIntervals(
      AdaptiveIntervals(options, PointCalibration(chosen.validation.predicted,
                                                  chosen.validation.observed)));
}

}  // namespace airlock
