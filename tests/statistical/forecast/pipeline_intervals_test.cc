#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <vector>

#include "calibration/traces/importer.h"
#include "tests/support/measured_data.h"
#include "twin/forecast/interval_predictions.h"
#include "twin/forecast/interval_scores.h"
#include "twin/pipeline/pipeline.h"

// Coverage of the pipeline's prediction intervals on the last 40 % of measured
// traces, by the method that its file names.
namespace airlock {
namespace {

PipelineFile With(const std::string& method) {
  PipelineFile file;
  file.name = "test";
  file.models = {"ridge"};
  file.preparation.timeouts = {{"latency_mean", 0.015}};
  file.selection.method = "pearson";
  file.selection.keep = {20};
  file.selection.resamples = 0;
  file.tuning.evaluations = 0;
  file.intervals.method = method;
  return file;
}

void ExpectCoverage(const std::string& name, const Trace& trace,
                    const std::string& method, double tolerance) {
  const PipelineResult result = RunPipeline(With(method), trace, nullptr);
  const Predictions held = result.model.Predict(
      trace, result.record.split.test_begin, trace.samples());
  const IntervalPredictions issued = PredictIntervals(result.model, held);
  std::printf("%-10s %-9s %7ld B", name.c_str(), method.c_str(),
              static_cast<long>(ModelSizeBytes(result.model)));
  EXPECT_LT(ModelSizeBytes(result.model), 1000000);
  for (size_t k = 0; k < issued.levels.size(); ++k) {
    std::vector<PredictionInterval> intervals;
    for (const auto& all : issued.intervals) intervals.push_back(all[k]);
    const IntervalScores scores =
        ScoreIntervals(held.observed, intervals, issued.levels[k]);
    std::printf("  %.2f: %.3f, width %.3g, score %.3g", issued.levels[k],
                scores.coverage, scores.mean_width, scores.winkler);
    if (tolerance < 1) {
      EXPECT_NEAR(scores.coverage, issued.levels[k], tolerance)
          << name << " " << method;
    }
  }
  std::printf("\n");
}

// Split conformal does not follow what changes: its coverage is shown, not
// tested.
void ExpectCoverageOfEveryMethod(const std::string& name, const Trace& trace) {
  ExpectCoverage(name, trace, "split", 1);
  ExpectCoverage(name, trace, "adaptive", 0.02);
  ExpectCoverage(name, trace, "quantile", 0.02);
}

TEST(PipelineIntervals, CoverHeldOutTimeOfTheShippedSweep) {
  ExpectCoverageOfEveryMethod(
      "sweep", ImportTrace("testbed", AIRLOCK_SOURCE_DIR "/data/sweep.csv.xz"));
}

TEST(PipelineIntervals, CoverHeldOutTimeOfTheChain) {
  for (const std::string name :
       {"stage0_linear_combined", "dag1_resource_stimulus_A-B-C"}) {
    AIRLOCK_MEASURED_OR_SKIP(path, "nfv-chain/" + name + ".csv.xz");
    ExpectCoverageOfEveryMethod(name.substr(0, 6), ImportTrace("drst", path));
  }
}

}  // namespace
}  // namespace airlock
