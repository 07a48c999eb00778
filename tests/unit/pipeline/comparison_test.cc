#include "twin/pipeline/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/synthetic_trace.h"

namespace airlock {
namespace {

using ::testing::HasSubstr;

TEST(Compare, HasEveryModelOnTheSameSamplesAndSaysWhoFails) {
  const Trace trace = SyntheticTrace(600, 11);
  ComparisonOptions options;
  options.horizons = {0, 4};
  options.forecasters = {"linear", "xgboost"};
  const Comparison comparison = CompareForecasters(trace, options);
  EXPECT_EQ(comparison.split.train_end, 360);
  EXPECT_EQ(comparison.split.test_begin, 370);
  ASSERT_EQ(comparison.rows.size(), 2u * (2 + 4));
  for (const ComparisonRow& row : comparison.rows) {
    EXPECT_EQ(row.scores.samples, 600 - 371 - row.horizon) << row.forecaster;
  }
  const std::string text = comparison.ToText();
  for (const char* part : {"constant", "persistence", "linear", "xgboost",
                           "counters+offered", "in time order"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_THAT(comparison.ToJson(), HasSubstr("\"accuracy_20\""));
}

TEST(Compare, SaysWhenPersistenceIsNotBeaten) {
  Trace trace = SyntheticTrace(400, 12);
  ComparisonOptions options;
  options.include = ParseFeaturePatterns({"core.0.noise"});
  options.feature_sets = {FeatureSet::kCounters};
  options.horizons = {0};
  options.forecasters = {"linear"};
  const Comparison comparison = CompareForecasters(trace, options);
  ASSERT_EQ(comparison.remarks.size(), 1u);
  EXPECT_THAT(comparison.remarks[0],
              HasSubstr("linear (counters) does not beat persistence for "
                        "delivered_rate at horizon 0"));
}

}  // namespace
}  // namespace airlock
