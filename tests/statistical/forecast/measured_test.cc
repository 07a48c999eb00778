#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "calibration/traces/importer.h"
#include "tests/support/measured_data.h"
#include "twin/forecast/model.h"
#include "twin/pipeline/comparison.h"
#include "twin/pipeline/fit.h"
#include "twin/pipeline/leak.h"

namespace airlock {
namespace {

using ::testing::HasSubstr;

Trace Shipped(const std::string& name) {
  return ImportTrace("testbed",
                     std::string(AIRLOCK_SOURCE_DIR) + "/data/" + name);
}

// RMSE of one row of a comparison.
double Rmse(const Comparison& comparison, const std::string& forecaster,
            const std::string& features, int64_t horizon) {
  for (const ComparisonRow& row : comparison.rows) {
    if (row.forecaster == forecaster && row.features == features &&
        row.horizon == horizon) {
      return row.scores.rmse;
    }
  }
  ADD_FAILURE() << forecaster << " " << features << " " << horizon;
  return 0;
}

// With AIRLOCK_FULL_TABLES set: every feature set and horizons 0, 1 and 4
// (minutes).
Comparison Compare(const Trace& trace, const std::string& target) {
  ComparisonOptions options;
  options.target = target;
  if (std::getenv("AIRLOCK_FULL_TABLES") != nullptr) {
    options.feature_sets.push_back(FeatureSet::kCountersOfferedPast);
  } else {
    options.horizons = {0};
  }
  const Comparison comparison = CompareForecasters(trace, options);
  std::printf("%s\n%s\n", trace.Attribute("imported_from").c_str(),
              comparison.ToText().c_str());
  return comparison;
}

TEST(ShippedTraces, TheDeliveredRateIsInferredFromTheCounters) {
  for (const char* name : {"sweep.csv.xz", "contention.csv.xz"}) {
    const Comparison comparison = Compare(Shipped(name), "delivered_rate");
    const double persistence = Rmse(comparison, "persistence", "", 0);
    for (const char* features : {"counters", "counters+offered"}) {
      EXPECT_LT(Rmse(comparison, "xgboost", features, 0), persistence) << name;
    }
  }
}

TEST(ShippedTraces, TheLatencyIsInferredBetterThanByAConstant) {
  const Trace trace = Shipped("sweep.csv.xz");
  for (const char* target : {"latency_p50", "latency_p99"}) {
    const Comparison comparison = Compare(trace, target);
    EXPECT_LT(Rmse(comparison, "xgboost", "counters+offered", 0),
              0.7 * Rmse(comparison, "constant", "", 0))
        << target;
  }
}

TEST(ShippedTraces, NeitherLeakNorLearnFromNothing) {
  const Trace trace = Shipped("sweep.csv.xz");
  ForecastProblem problem;
  problem.offered_rate = true;
  const FitOptions options;
  const ForecastModel model = FitModel(
      problem, trace, SplitInTime(trace.samples(), {}).train_end, options);
  EXPECT_FALSE(CheckForLeak(model, trace, {}).leaks);
  const ShuffledTargetReport shuffled =
      CheckShuffledTarget(problem, trace, {}, options);
  EXPECT_TRUE(shuffled.passed) << shuffled.ToText();
  std::printf("%zu features, %zu bytes, %.2f microseconds a sample\n",
              model.features().size(), model.ToText().size(),
              MicrosecondsPerSample(model, trace, 5));

  ForecastProblem leaking = problem;
  leaking.horizon = 1;
  leaking.include.push_back(ParseFeaturePattern("delivered_rate@+1"));
  const LeakReport report =
      CheckForLeak(FitModel(leaking, trace, 1000, options), trace, {});
  EXPECT_TRUE(report.leaks);
  EXPECT_THAT(report.ToText(), HasSubstr("delivered_rate@+1"));
}

// Of two measured chains; see the printed tables. In the second, contention
// comes and goes, and neither model beats persistence with the offered rate.
TEST(MeasuredChain, TheOutputRateIsInferredFromTheCounters) {
  for (const char* name : {"nfv-chain/stage0_linear_combined.csv.xz",
                           "nfv-chain/dag1_resource_stimulus_A-B-C.csv.xz"}) {
    AIRLOCK_MEASURED_OR_SKIP(path, name);
    const Comparison comparison =
        Compare(ImportTrace("drst", path), "delivered_rate");
    EXPECT_LT(Rmse(comparison, "xgboost", "counters", 0),
              0.8 * Rmse(comparison, "constant", "", 0))
        << name;
  }
}

}  // namespace
}  // namespace airlock
