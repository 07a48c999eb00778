#include "twin/forecast/scores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "sim/base/error.h"
#include "tests/support/synthetic_trace.h"

namespace airlock {
namespace {

TEST(Score, EqualsTheHandComputed) {
  // Errors 1, -2, 0, 4; observations about their mean 5: squares 16+0+0+16=32.
  const ForecastScores scores = Score({1, 5, 5, 9}, {2, 3, 5, 13});
  EXPECT_DOUBLE_EQ(scores.r2, 1 - 21.0 / 32);
  EXPECT_DOUBLE_EQ(scores.rmse, std::sqrt(21.0 / 4));
  EXPECT_DOUBLE_EQ(scores.mae, 7.0 / 4);
  EXPECT_DOUBLE_EQ(scores.mape, (1 + 0.4 + 0 + 4.0 / 9) / 4);
  EXPECT_DOUBLE_EQ(scores.accuracy_20, 0.25);
  EXPECT_EQ(scores.samples, 4);
}

TEST(Score, AccuracyCountsTheBorder) {
  const ForecastScores scores = Score({100, 100, 100}, {105, 110, 120});
  EXPECT_DOUBLE_EQ(scores.accuracy_5, 1.0 / 3);
  EXPECT_DOUBLE_EQ(scores.accuracy_10, 2.0 / 3);
  EXPECT_DOUBLE_EQ(scores.accuracy_20, 1);
}

TEST(Score, AccuracyAtEachShare) {
  const ForecastScores scores =
      Score({100, 100, 100, 100, 100}, {96, 109, 86, 119, 76});
  EXPECT_DOUBLE_EQ(scores.accuracy_5, 0.2);
  EXPECT_DOUBLE_EQ(scores.accuracy_10, 0.4);
  EXPECT_DOUBLE_EQ(scores.accuracy_15, 0.6);
  EXPECT_DOUBLE_EQ(scores.accuracy_20, 0.8);
  EXPECT_DOUBLE_EQ(scores.accuracy_25, 1);
}

TEST(Score, MaseAgainstTheSeasonalNaive) {
  const double nan = std::nan("");
  // Lag 2: |3-1|, |5-2|, |3-3|, (missing), |1-3|: mean 7/4.
  const std::vector<double> training = {1, 2, 3, 5, 3, nan, 1};
  EXPECT_DOUBLE_EQ(SeasonalNaiveScale(training, 2), 7.0 / 4);
  // Lag 1: 1, 1, 2, 2.
  EXPECT_DOUBLE_EQ(SeasonalNaiveScale(training, 1), 6.0 / 4);
  EXPECT_TRUE(std::isnan(SeasonalNaiveScale({1, 2, 1, 2, 1}, 2)));
  EXPECT_TRUE(std::isnan(SeasonalNaiveScale({1, 2}, 2)));
  EXPECT_DOUBLE_EQ(Score({1, 5}, {2, 3}, 0.5).mase, 3);
  EXPECT_TRUE(std::isnan(Score({1, 5}, {2, 3}).mase));
}

TEST(Score, ZerosMissingValuesAndConstants) {
  const ForecastScores scores = Score({0, 2, std::nan(""), 0}, {0, 1, 5, 3});
  EXPECT_EQ(scores.samples, 3);
  EXPECT_EQ(scores.zeros, 2);
  EXPECT_DOUBLE_EQ(scores.mape, 0.5);
  EXPECT_DOUBLE_EQ(scores.accuracy_5, 1.0 / 3);
  EXPECT_TRUE(std::isnan(Score({4, 4}, {4, 4}).r2));
  EXPECT_TRUE(std::isnan(Score({}, {}).rmse));
}

TEST(SplitInTime, RefusesPartsThatAreTooSmall) {
  EXPECT_THROW(SplitInTime(40, {0.6, 10}), InputError);
  EXPECT_THROW(SplitInTime(400, {1.0, 10}), InputError);
  EXPECT_THROW(SplitInTime(400, {0.5, -1}), InputError);
  const Split split = SplitInTime(100, {0.6, 10});
  EXPECT_EQ(split.train_end, 60);
  EXPECT_EQ(split.test_begin, 70);
}

TEST(SplitInTime, NoTrainingLabelReachesTheGapAndNoLagTheTraining) {
  const Trace trace = SyntheticTrace(100, 13);
  const SampleTable all =
      BuildSamples(trace, {{"core.0.busy", -3, "1"}}, "delivered_rate", 4);
  const Split split = SplitInTime(100, {0.6, 10});
  EXPECT_EQ(TrainingRows(all, split, 4).origin.back() + 4, 59);
  EXPECT_EQ(TestRows(all, split, 3).origin.front() - 3, 70);
}

}  // namespace
}  // namespace airlock
