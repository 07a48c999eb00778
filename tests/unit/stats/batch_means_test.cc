#include "sim/stats/batch_means.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "sim/base/rng.h"

namespace airlock {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
using testing::ElementsAre;

std::vector<double> Ar1(double coefficient, int n, RngStream* rng) {
  double x = rng->Normal(0, 1 / std::sqrt(1 - coefficient * coefficient));
  std::vector<double> values;
  for (int i = 0; i < n; ++i) {
    values.push_back(x);
    x = coefficient * x + rng->Normal(0, 1);
  }
  return values;
}

TEST(BatchMeansTest, CutsTheRemainderAtTheFront) {
  const BatchMeansResult result = BatchMeans({100, 1, 3, 2, 4, 9, 11}, 3, 0.95);
  EXPECT_EQ(result.batch_size, 2);
  EXPECT_THAT(result.batch_means, ElementsAre(2, 3, 10));
  EXPECT_EQ(result.mean.estimate, 5);
  // t(0.975, 2) * sqrt(19 / 3)
  EXPECT_NEAR(result.mean.half_width(), 4.302652730 * std::sqrt(19.0 / 3),
              1e-8);
  // ((-3)(-2) + (-2)(5)) / (9 + 4 + 25)
  EXPECT_NEAR(result.lag1, -4.0 / 38, 1e-12);
}

TEST(BatchMeansTest, TooFewOrMissingIsUnknown) {
  EXPECT_FALSE(BatchMeans({1, 2, 3}, 4, 0.95).mean.known());
  EXPECT_FALSE(BatchMeans({1, 2, 3}, 1, 0.95).mean.known());
  EXPECT_FALSE(BatchMeans({1, kNaN, 3}, 3, 0.95).mean.known());
}

TEST(AutocorrelationTest, HandComputed) {
  // Deviations -1, 1, -1, 1: rho_1 = -3/4, rho_2 = 2/4.
  EXPECT_THAT(Autocorrelation({1, 3, 1, 3}, 2), ElementsAre(1, -0.75, 0.5));
  EXPECT_TRUE(std::isnan(Autocorrelation({2, 2, 2}, 1)[1]));
  EXPECT_EQ(Autocorrelation({1, 2}, 5)[4], 0);
}

// AR(1): tau = (1 + a) / (1 - a).
TEST(EffectiveSampleSizeTest, Ar1) {
  RngStream rng(21);
  for (const double a : {0.0, 0.3, 0.7, 0.9}) {
    const double expected = 40000 * (1 - a) / (1 + a);
    EXPECT_NEAR(EffectiveSampleSize(Ar1(a, 40000, &rng)) / expected, 1, 0.15)
        << a;
  }
}

TEST(EffectiveSampleSizeTest, NeverAboveNOrBelowOne) {
  EXPECT_EQ(EffectiveSampleSize({1, 3, 1, 3, 1, 3}), 6);
  EXPECT_EQ(EffectiveSampleSize({5, 5, 5}), 3);
  std::vector<double> trend;
  for (int i = 0; i < 200; ++i) trend.push_back(i);
  EXPECT_GE(EffectiveSampleSize(trend), 1);
  EXPECT_LT(EffectiveSampleSize(trend), 10);
  EXPECT_TRUE(std::isnan(EffectiveSampleSize({1, kNaN})));
}

// Batches of 5 with means 10, 1, 2, 1: scores without the first 0, 1, 2 are
// 61/16, (2/3)/9 and (1/2)/4; the least is the second.
TEST(Mser5Test, HandComputed) {
  std::vector<double> values;
  for (const double mean : {10, 1, 2, 1}) {
    values.insert(values.end(), 5, mean);
  }
  const MserResult result = Mser5(values);
  EXPECT_EQ(result.drop, 5);
  EXPECT_FALSE(result.truncated_half);
}

TEST(Mser5Test, FindsTheEndOfATransient) {
  RngStream rng(31);
  std::vector<double> values;
  for (int i = 0; i < 1000; ++i) {
    values.push_back(20 * std::exp(-i / 40.0) + rng.Normal(0, 1));
  }
  const MserResult result = Mser5(values);
  // The transient is down to the noise of a batch mean after about 150.
  EXPECT_GE(result.drop, 80);
  EXPECT_LE(result.drop, 250);
  EXPECT_FALSE(result.truncated_half);
}

TEST(Mser5Test, DropsNothingOfAConstantAndLittleOfNoise) {
  EXPECT_EQ(Mser5(std::vector<double>(100, 3.0)).drop, 0);
  EXPECT_FALSE(Mser5(std::vector<double>(100, 3.0)).truncated_half);
  RngStream rng(32);
  int64_t dropped = 0;
  for (int run = 0; run < 50; ++run) {
    std::vector<double> noise;
    for (int i = 0; i < 500; ++i) noise.push_back(rng.Normal(0, 1));
    dropped += Mser5(noise).drop;
  }
  EXPECT_LT(dropped / 50, 125);
}

TEST(Mser5Test, SaysWhenTheSeriesNeverSettles) {
  std::vector<double> ramp;
  for (int i = 0; i < 200; ++i) ramp.push_back(i);
  const MserResult result = Mser5(ramp);
  EXPECT_EQ(result.drop, 100);
  EXPECT_TRUE(result.truncated_half);
  EXPECT_TRUE(Mser5({1, 2, 3}).truncated_half);
  EXPECT_TRUE(Mser5(std::vector<double>(20, kNaN)).truncated_half);
  EXPECT_EQ(Mser5(std::vector<double>(20, kNaN)).drop, 0);
}

}  // namespace
}  // namespace airlock
