#include "sim/stats/tail.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "sim/base/rng.h"
#include "sim/stats/moments.h"

namespace airlock {
namespace {

const std::vector<double> kOneToTen = {3, 1, 4, 2, 10, 9, 5, 8, 7, 6};

TEST(TailTest, FewestForQuantileAreTheClassicNumbers) {
  EXPECT_EQ(FewestForQuantile(0.95, 0.95), 59);
  EXPECT_EQ(FewestForQuantile(0.99, 0.95), 299);
  EXPECT_EQ(FewestForQuantile(0.999, 0.95), 2995);
  EXPECT_EQ(FewestForQuantile(1, 0.95), 0);
}

// Of 1..10 the mean of the worst 40 % is 8.5; type 7's quantile .6 is 6.4, so
// the terms give 6.4 + (0.6 + 1.6 + 2.6 + 3.6) / 4.
TEST(TailTest, TailMeanTerms) {
  const std::vector<double> terms = TailMeanTerms(kOneToTen, 0.6);
  EXPECT_NEAR(Mean(terms), 6.4 + (0.6 + 1.6 + 2.6 + 3.6) / 4, 1e-12);
  // At 0 the tail is everything.
  EXPECT_NEAR(Mean(TailMeanTerms(kOneToTen, 0)), 5.5, 1e-12);
  EXPECT_TRUE(TailMeanTerms({}, 0.9).empty());
  EXPECT_TRUE(TailMeanTerms({1, std::nan("")}, 0.9).empty());
  EXPECT_TRUE(TailMeanTerms(kOneToTen, 1).empty());
}

// Standard normal: CVaR at 95 % is phi(1.6449) / .05 = 2.0627.
TEST(TailTest, TailMeanOfANormal) {
  RngStream rng(1);
  std::vector<double> values;
  for (int i = 0; i < 200000; ++i) values.push_back(rng.Normal(0, 1));
  const Interval tail = MeanInterval(TailMeanTerms(values, 0.95), 0.998);
  EXPECT_TRUE(tail.Contains(2.0627)) << tail.low << " " << tail.high;
  EXPECT_LT(tail.half_width(), 0.04);
}

// Zou and Donner: intervals (1, 5) about 3 and (0, 2) about 1.
TEST(TailTest, IntervalOfDifference) {
  const Interval difference = IntervalOfDifference({3, 1, 5}, {1, 0, 2});
  EXPECT_EQ(difference.estimate, 2);
  EXPECT_NEAR(difference.low, 2 - std::sqrt(4 + 1), 1e-12);
  EXPECT_NEAR(difference.high, 2 + std::sqrt(4 + 1), 1e-12);
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_TRUE(
      std::isinf(IntervalOfDifference({3, 1, infinity}, {1, 0, 2}, 1.1).high));
  EXPECT_FALSE(IntervalOfDifference({3, 1, 5}, Interval()).known());
}

TEST(TailTest, EffectiveQuantileIntervalWidens) {
  std::vector<double> values;
  for (int i = 1; i <= 1000; ++i) values.push_back(i);
  const Interval all = QuantileInterval(values, 0.9, 0.9);
  EXPECT_EQ(EffectiveQuantileInterval(values, 0.9, 0.9, 1000).high, all.high);
  const Interval few = EffectiveQuantileInterval(values, 0.9, 0.9, 100);
  EXPECT_LT(few.low, all.low);
  EXPECT_GT(few.high, all.high);
  // 50 values have no upper bound of their p99, however often repeated.
  EXPECT_TRUE(
      std::isinf(EffectiveQuantileInterval(values, 0.99, 0.9, 50).high));
  EXPECT_FALSE(EffectiveQuantileInterval(values, 0.9, 0.9, 0).known());
}

TEST(TailTest, DeviationsFromMedian) {
  EXPECT_EQ(DeviationsFromMedian({1, 4, 2}), (std::vector<double>{1, 2, 0}));
}

// scipy.stats.skew([1, 2, 3, 4, 10]) = 1.1384199576606167
TEST(TailTest, Skewness) {
  EXPECT_NEAR(Skewness({1, 2, 3, 4, 10}), 1.1384199576606167, 1e-12);
  EXPECT_EQ(Skewness({2, 2, 2}), 0);
  EXPECT_TRUE(std::isnan(Skewness({1, 2})));
}

TEST(TailTest, LongestSpell) {
  EXPECT_EQ(LongestSpell({}), 0);
  EXPECT_EQ(LongestSpell({1}), 1);
  EXPECT_EQ(LongestSpell({1, 2, 2, 2, 1, 1}), 3);
}

}  // namespace
}  // namespace airlock
