#include "sim/stats/seed_statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "sim/base/error.h"
#include "tests/support/error_of.h"

namespace airlock {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Two tasks, eleven runs each, of two algorithms. The expected numbers are
// scipy 1.14's: stats.trim_mean(x, .25, axis=None), stats.mannwhitneyu(x, y,
// alternative="greater").statistic / 121, and numpy.quantile over 200 000
// (50 000 of the probability) stratified resamples by numpy's generator.
const RunScores kX = {{3.1, 4.7, 1.2, 9.9, 5.5, 6.1, 2.2, 7.3, 8.8, 0.4, 5.9},
                      {10, 12.5, 9.1, 30, 11, 10.5, 14, 13, 12, 11.5, 9.9}};
const RunScores kY = {{2.0, 4.7, 1.0, 3.3, 5.0, 6.1, 2.1, 7.0, 8.0, 0.1, 4.9},
                      {10, 12.0, 9.0, 20, 11, 10.0, 13, 13.5, 12, 11.0, 9.0}};

std::vector<double> All(const RunScores& scores) {
  std::vector<double> all = scores[0];
  all.insert(all.end(), scores[1].begin(), scores[1].end());
  return all;
}

TEST(SeedStatistics, PointsEqualScipy) {
  EXPECT_DOUBLE_EQ(InterquartileMean(All(kX)), 8.791666666666666);
  EXPECT_DOUBLE_EQ(InterquartileMean(kX[0]), 4.971428571428571);
  EXPECT_DOUBLE_EQ(OptimalityGap(All(kX), 10), 2.540909090909091);
  EXPECT_DOUBLE_EQ(ProbabilityOfImprovement(kX, kY), 0.5764462809917354);
  EXPECT_THAT(
      PerformanceProfile(kX, {2, 5.5, 12}),
      ElementsAre(DoubleEq(10.0 / 11), DoubleEq(8.0 / 11), DoubleEq(2.0 / 11)));
}

// Five standard errors of a percentile over 20 000 resamples, and the grain of
// the statistic, are below the tolerances.
TEST(SeedStatistics, IntervalsEqualNumpyWithinTheirNoise) {
  RngStream rng(1);
  const SeedBootstrap options = {0.95, 20000};
  const Interval iqm = StratifiedInterval(kX, InterquartileMean, options, &rng);
  EXPECT_DOUBLE_EQ(iqm.estimate, 8.791666666666666);
  EXPECT_NEAR(iqm.low, 7.65, 0.06);
  EXPECT_NEAR(iqm.high, 9.80, 0.06);
  const Interval gap = StratifiedInterval(
      kX, [](const auto& x) { return OptimalityGap(x, 10); }, options, &rng);
  EXPECT_NEAR(gap.low, 1.677, 0.06);
  EXPECT_NEAR(gap.high, 3.4, 0.06);
  const Interval better = ImprovementInterval(kX, kY, {0.95, 10000}, &rng);
  EXPECT_DOUBLE_EQ(better.estimate, 0.5764462809917354);
  EXPECT_NEAR(better.low, 0.4008, 0.015);
  EXPECT_NEAR(better.high, 0.7438, 0.015);
}

// Drawing across tasks would widen the interval: 0 and 100 would mix.
TEST(SeedStatistics, RunsStayWithinTheirTask) {
  RngStream rng(2);
  const RunScores scores = {std::vector<double>(10, 0),
                            std::vector<double>(10, 100)};
  const Interval mean = StratifiedInterval(
      scores,
      [](const auto& x) {
        double sum = 0;
        for (const double v : x) sum += v;
        return sum / static_cast<double>(x.size());
      },
      {0.95, 500}, &rng);
  EXPECT_EQ(mean.low, 50);
  EXPECT_EQ(mean.high, 50);
}

TEST(SeedStatistics, FewRunsAreRefused) {
  EXPECT_THAT(testing::ErrorOf([] {
                RequireRuns({std::vector<double>(10, 1), {1, 2, 3}});
              }),
              HasSubstr("3 training runs are too few for a claim; 10 are "
                        "needed"));
  EXPECT_NO_THROW(RequireRuns({std::vector<double>(10, 1)}));
  EXPECT_THROW(RequireRuns({}), InputError);
}

TEST(SeedStatistics, WhatIsMissingStaysUnknown) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  RngStream rng(3);
  EXPECT_TRUE(std::isnan(InterquartileMean({1, nan, 2, 3})));
  EXPECT_TRUE(std::isnan(InterquartileMean({})));
  EXPECT_TRUE(std::isnan(ProbabilityOfImprovement({{1, nan}}, {{1, 2}})));
  EXPECT_TRUE(std::isnan(PerformanceProfile({{1, nan}}, {0})[0]));
  EXPECT_FALSE(
      StratifiedInterval({{1, nan}}, InterquartileMean, {}, &rng).known());
  EXPECT_FALSE(StratifiedInterval({{1}}, InterquartileMean, {}, &rng).known());
  EXPECT_FALSE(ImprovementInterval({{1}}, {{1, 2}}, {}, &rng).known());
}

}  // namespace
}  // namespace airlock
