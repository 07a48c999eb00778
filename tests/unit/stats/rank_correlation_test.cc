#include "sim/stats/rank_correlation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace airlock {
namespace {

// scipy.stats.spearmanr and kendalltau (1.x), ties in both.
TEST(RankCorrelationTest, AgreesWithScipy) {
  const std::vector<double> x = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3};
  const std::vector<double> y = {2, 7, 1, 8, 2, 8, 1, 8, 2, 8};
  EXPECT_NEAR(Spearman(x, y), 0.13471506281091267, 1e-14);
  EXPECT_NEAR(KendallTauB(x, y), 0.13041013273932525, 1e-14);
  EXPECT_NEAR(Spearman({1, 2, 3, 4, 5}, {2, 1, 4, 3, 5}), 0.8, 1e-14);
  EXPECT_NEAR(KendallTauB({1, 2, 3, 4, 5}, {2, 1, 4, 3, 5}), 0.6, 1e-14);
  EXPECT_THAT(Ranks({5, 1, 5, 2}), ::testing::ElementsAre(3.5, 1, 3.5, 2));
}

TEST(RankCorrelationTest, IsUnknownWhereNothingVaries) {
  const double missing = std::numeric_limits<double>::quiet_NaN();
  for (PairStatistic statistic : {Spearman, KendallTauB}) {
    EXPECT_TRUE(std::isnan(statistic({1, 2, 3}, {1, 1, 1})));
    EXPECT_TRUE(std::isnan(statistic({1, missing, 3}, {1, 2, 3})));
    EXPECT_TRUE(std::isnan(statistic({1}, {1})));
    EXPECT_EQ(statistic({1, 2, 3}, {-1, -2, -30}), -1);
  }
  RngStream rng(1);
  EXPECT_FALSE(
      PairBootstrapInterval({1, 2, 3}, {1, 1, 1}, Spearman, 0.9, 100, &rng)
          .known());
}

// Of a bivariate normal with correlation r, Spearman's rho is
// 6/pi asin(r/2) (Pearson, 1907): 90 % intervals of 60 pairs cover it in about
// 90 % of 200 samples; five standard errors and the percentile interval's known
// shortfall.
TEST(RankCorrelationTest, IntervalsCover) {
  constexpr double kCorrelation = 0.7;
  const double truth = 6 / M_PI * std::asin(kCorrelation / 2);
  RngStream draw(3), rng(4);
  int covered = 0;
  for (int sample = 0; sample < 200; ++sample) {
    std::vector<double> x, y;
    for (int i = 0; i < 60; ++i) {
      const double a = draw.Normal(0, 1);
      x.push_back(a);
      y.push_back(kCorrelation * a +
                  draw.Normal(0, std::sqrt(1 - kCorrelation * kCorrelation)));
    }
    const Interval interval =
        PairBootstrapInterval(x, y, Spearman, 0.9, 200, &rng);
    covered += interval.Contains(truth);
  }
  EXPECT_GT(covered, 200 * 0.79);
  EXPECT_LT(covered, 200 * 0.99);
}

}  // namespace
}  // namespace airlock
