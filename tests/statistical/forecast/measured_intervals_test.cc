#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <vector>

#include "calibration/traces/importer.h"
#include "tests/support/measured_data.h"
#include "twin/forecast/adaptive_intervals.h"
#include "twin/forecast/interval_scores.h"
#include "twin/pipeline/fit.h"

// Coverage of the prediction intervals on measured traces: the first 60 % to
// learn from and to calibrate on (walk-forward, a gap of 10), the rest held
// out.
namespace airlock {
namespace {

constexpr int64_t kGap = 10;
constexpr int kFolds = 4;

struct Case {
  std::string target;
  int64_t horizon;
};

void Append(const Predictions& predictions,
            std::vector<CalibrationSample>* samples) {
  for (const CalibrationSample& sample :
       PointCalibration(predictions.value, predictions.observed)) {
    samples->push_back(sample);
  }
}

// Out of sample, fold by fold through the second half of the training part.
std::vector<CalibrationSample> WalkForwardErrors(const ForecastProblem& problem,
                                                 const Trace& trace,
                                                 int64_t train_end,
                                                 const FitOptions& fit) {
  std::vector<CalibrationSample> samples;
  const int64_t first = train_end / 2;
  for (int k = 0; k < kFolds; ++k) {
    const int64_t begin = first + (train_end - first) * k / kFolds;
    const int64_t end = first + (train_end - first) * (k + 1) / kFolds;
    Append(FitModel(problem, trace, begin - kGap, fit)
               .Predict(trace, begin, end - problem.horizon),
           &samples);
  }
  return samples;
}

void ExpectCoverage(const std::string& name, const Trace& trace,
                    const Case& each) {
  ForecastProblem problem;
  problem.target = each.target;
  problem.horizon = each.horizon;
  problem.past_target = each.horizon > 0;
  FitOptions fit;
  fit.forecaster = "ridge";
  const Split split = SplitInTime(trace.samples(), {0.6, kGap});
  AdaptiveIntervals intervals(
      {}, WalkForwardErrors(problem, trace, split.train_end, fit));
  const Predictions test =
      FitModel(problem, trace, split.train_end, fit)
          .Predict(trace, split.test_begin, trace.samples() - each.horizon);
  const std::vector<double>& levels = intervals.options().levels;
  std::vector<std::vector<PredictionInterval>> issued(levels.size());
  for (size_t i = 0; i < test.value.size(); ++i) {
    const auto all =
        intervals.Issue(test.origin[i], intervals.Base(test.value[i]));
    for (size_t k = 0; k < all.size(); ++k) issued[k].push_back(all[k]);
    const size_t delay = static_cast<size_t>(each.horizon);
    if (i >= delay) {
      intervals.Observe(test.origin[i - delay], test.observed[i - delay]);
    }
  }
  std::printf("%-12s %-15s h %ld:", name.c_str(), each.target.c_str(),
              static_cast<long>(each.horizon));
  for (size_t k = 0; k < levels.size(); ++k) {
    const IntervalScores scores =
        ScoreIntervals(test.observed, issued[k], levels[k]);
    std::printf("  %.2f: %.3f (n %ld)", levels[k], scores.coverage,
                static_cast<long>(scores.samples));
    EXPECT_NEAR(scores.coverage, levels[k], 0.02)
        << name << " " << each.target << " horizon " << each.horizon;
  }
  std::printf("\n");
}

TEST(ShippedTraces, TheIntervalsCoverHeldOutTime) {
  for (const char* name : {"sweep", "contention", "drift"}) {
    const Trace trace = ImportTrace("testbed", std::string(AIRLOCK_SOURCE_DIR) +
                                                   "/data/" + name + ".csv.xz");
    for (const Case& each :
         {Case{"delivered_rate", 0}, Case{"delivered_rate", 4},
          Case{"latency_p50", 0}}) {
      ExpectCoverage(name, trace, each);
    }
  }
}

TEST(MeasuredChain, TheIntervalsCoverHeldOutTime) {
  for (const char* name :
       {"stage0_linear_combined", "dag1_resource_stimulus_A-B-C"}) {
    AIRLOCK_MEASURED_OR_SKIP(path,
                             std::string("nfv-chain/") + name + ".csv.xz");
    const Trace trace = ImportTrace("drst", path);
    for (const Case& each :
         {Case{"delivered_rate", 0}, Case{"delivered_rate", 1}}) {
      ExpectCoverage(std::string(name).substr(0, 6), trace, each);
    }
  }
}

}  // namespace
}  // namespace airlock
