#include "twin/pipeline/tuning.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/synthetic_trace.h"
#include "twin/pipeline/pipeline.h"
#include "twin/pipeline/trainer.h"

namespace airlock {
namespace {

PipelineFile Trees() {
  PipelineFile file;
  file.name = "test";
  file.models = {"xgboost"};
  file.preparation.clock_offset = 0;
  file.preparation.lags = 0;
  file.validation.folds = 2;
  file.tuning.evaluations = 5;
  return file;
}

ValidationBench BenchOf(const PipelineFile& file, const Trace& trace) {
  const PipelineFeatures found = FindFeatures(file, trace);
  return ValidationBench(
      file, found,
      BuildSamples(trace, found.selection.features, file.target, file.horizon,
                   found.problem.samples));
}

TEST(Tuning, SearchesRoundsByWhatTheyLearnTogether) {
  const Trace trace = SyntheticTrace(150, 5);
  for (const char* search : {"bayesian", "random"}) {
    PipelineFile file = Trees();
    file.tuning.search = search;
    const ValidationBench bench = BenchOf(file, trace);
    Candidate start;
    start.trainer = "xgboost";
    const TuningRecord record =
        Tune(file, bench, Try(file, bench, start), [] {});
    ASSERT_GT(record.tried.size(), 2u);
    for (size_t i = 1; i < record.tried.size(); ++i) {
      const auto& parameters = record.tried[i].candidate.parameters;
      const double rounds = parameters.at("rounds");
      EXPECT_EQ(rounds, std::round(rounds));
      EXPECT_GE(rounds, 50);
      EXPECT_LE(rounds, 600);
      // Rounding moves the product by half a step, the range further.
      const double product = rounds * parameters.at("eta");
      if (rounds > 50) {
        EXPECT_LE(product, 60 + 0.5 * parameters.at("eta"));
      }
      if (rounds < 600) {
        EXPECT_GE(product, 2 - 0.5 * parameters.at("eta"));
      }
    }
  }
}

TEST(Tuning, NumbersOfFeaturesBeyondThoseThereAreAreAllOfThem) {
  const Trace trace = SyntheticTrace(300, 5);
  PipelineFile file = Trees();
  const int64_t columns = BenchOf(file, trace).prepared().columns;
  ASSERT_GT(columns, 1);
  file.selection.keep = {1000, 1, 0, columns, 1};
  EXPECT_EQ(BenchOf(file, trace).NumbersToKeep(), (std::vector<int64_t>{1, 0}));
  file.selection.method = "none";
  EXPECT_EQ(BenchOf(file, trace).NumbersToKeep(), std::vector<int64_t>{0});
}

TEST(Tuning, BytesAreThoseOfTheWholeFile) {
  const Trace trace = SyntheticTrace(300, 5);
  PipelineFile file = Trees();
  file.tuning.evaluations = 0;
  file.intervals.method = "none";
  file.tuning.maximum_bytes = 200000;
  const PipelineResult result = RunPipeline(file, trace, nullptr);
  const double told = static_cast<double>(result.record.choice.best.bytes);
  const double file_bytes = static_cast<double>(ModelSizeBytes(result.model));
  EXPECT_GE(told, file_bytes);
  EXPECT_LE(told, 1.05 * file_bytes + 1000);
}

}  // namespace
}  // namespace airlock
