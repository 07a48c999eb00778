#include "sim/stats/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "sim/stats/moments.h"
#include "sim/stats/quantile.h"

namespace airlock {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Variance with divisor n, as in the example below.
double PlugInVariance(const std::vector<double>& values) {
  const double n = static_cast<double>(values.size());
  return Variance(values) * (n - 1) / n;
}

// Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), tables 14.1
// and 14.2: spatial test data A; 90 % intervals of the variance 171.5 from 2000
// resamples are (100.8, 233.9) percentile and (115.8, 259.6) BCa.
TEST(BootstrapTest, SpatialTestDataOfEfronAndTibshirani) {
  const std::vector<double> values = {48, 36, 20, 29, 42, 42, 20, 42, 22,
                                      41, 45, 14, 6,  0,  33, 28, 34, 4,
                                      32, 24, 47, 41, 24, 26, 30, 41};
  BootstrapOptions options;
  options.confidence = 0.9;
  options.resamples = 20000;
  options.method = BootstrapMethod::kPercentile;
  RngStream rng(1);
  const Interval percentile =
      BootstrapInterval(values, PlugInVariance, options, &rng);
  EXPECT_NEAR(percentile.estimate, 171.5, 0.05);
  EXPECT_NEAR(percentile.low, 100.8, 4);
  EXPECT_NEAR(percentile.high, 233.9, 4);
  options.method = BootstrapMethod::kBca;
  const Interval bca = BootstrapInterval(values, PlugInVariance, options, &rng);
  EXPECT_NEAR(bca.low, 115.8, 4);
  EXPECT_NEAR(bca.high, 259.6, 6);
}

TEST(BootstrapTest, SameStreamSameInterval) {
  RngStream one(5), two(5), other(6);
  const std::vector<double> values = {1, 4, 2, 8, 5, 7};
  const Interval a = BootstrapInterval(values, Mean, {}, &one);
  const Interval b = BootstrapInterval(values, Mean, {}, &two);
  const Interval c = BootstrapInterval(values, Mean, {}, &other);
  EXPECT_EQ(a.low, b.low);
  EXPECT_EQ(a.high, b.high);
  EXPECT_TRUE(a.low != c.low || a.high != c.high);
}

TEST(BootstrapTest, ConstantSampleIsAPointAndMissingIsUnknown) {
  RngStream rng(1);
  const Interval constant = BootstrapInterval({2, 2, 2}, Mean, {}, &rng);
  EXPECT_EQ(constant.low, 2);
  EXPECT_EQ(constant.high, 2);
  EXPECT_FALSE(BootstrapInterval({1}, Mean, {}, &rng).known());
  EXPECT_FALSE(BootstrapInterval({1, 2, kNaN}, Mean, {}, &rng).known());
  const Statistic undefined = [](const std::vector<double>& values) {
    return values.front() == 1 ? kNaN : 1.0;
  };
  EXPECT_FALSE(BootstrapInterval({2, 1, 2}, undefined, {}, &rng).known());
}

TEST(BlockResampleTest, PositionsAreInRangeAndCountIsRight) {
  RngStream rng(3);
  for (const BlockScheme scheme :
       {BlockScheme::kMoving, BlockScheme::kStationary}) {
    for (const double length : {1.0, 4.0, 100.0}) {
      const std::vector<int64_t> positions =
          BlockResample(17, scheme, length, &rng);
      ASSERT_EQ(positions.size(), 17u);
      for (const int64_t i : positions) {
        EXPECT_GE(i, 0);
        EXPECT_LT(i, 17);
      }
    }
  }
}

// With mean block length b, a step follows its predecessor unless a new block
// starts, which happens with probability 1 / b.
TEST(BlockResampleTest, MeanBlockLength) {
  RngStream rng(4);
  const int64_t n = 100000;
  const std::vector<int64_t> positions =
      BlockResample(n, BlockScheme::kStationary, 8, &rng);
  int64_t breaks = 0;
  for (size_t i = 1; i < positions.size(); ++i) {
    breaks += positions[i] != (positions[i - 1] + 1) % n;
  }
  EXPECT_NEAR(static_cast<double>(n) / static_cast<double>(breaks), 8, 0.3);
  const std::vector<int64_t> blocks =
      BlockResample(100, BlockScheme::kMoving, 10, &rng);
  for (size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(blocks[i], blocks[i - i % 10] + static_cast<int64_t>(i % 10));
  }
}

// On AR(1) with coefficient 0.7 the mean's standard error is 2.4 times that of
// independent values; an ordinary bootstrap covers far too rarely.
TEST(BlockBootstrapTest, CoversAutocorrelatedMeans) {
  RngStream rng(9);
  int block = 0, ordinary = 0;
  constexpr int kRuns = 150;
  BlockBootstrapOptions options;
  options.confidence = 0.9;
  options.resamples = 200;
  BootstrapOptions plain;
  plain.confidence = 0.9;
  plain.resamples = 200;
  plain.method = BootstrapMethod::kPercentile;
  for (int run = 0; run < kRuns; ++run) {
    double x = rng.Normal(0, 1 / std::sqrt(1 - 0.49));
    std::vector<double> values;
    for (int i = 0; i < 400; ++i) {
      values.push_back(x);
      x = 0.7 * x + rng.Normal(0, 1);
    }
    block += BlockBootstrapInterval(values, Mean, options, &rng).Contains(0);
    ordinary += BootstrapInterval(values, Mean, plain, &rng).Contains(0);
  }
  EXPECT_GT(block / double{kRuns}, 0.78);
  EXPECT_LT(ordinary / double{kRuns}, 0.65);
}

TEST(BlockBootstrapTest, MissingIsUnknown) {
  RngStream rng(9);
  EXPECT_FALSE(BlockBootstrapInterval({1, kNaN, 2}, Mean, {}, &rng).known());
  EXPECT_FALSE(BlockBootstrapInterval({}, Mean, {}, &rng).known());
  EXPECT_TRUE(BlockBootstrapInterval({1, 3}, Mean, {}, &rng).known());
}

}  // namespace
}  // namespace airlock
