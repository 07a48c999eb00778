#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "sim/base/rng.h"
#include "sim/stats/ecdf.h"
#include "sim/stats/moments.h"
#include "sim/stats/quantile.h"

namespace airlock {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
using testing::ElementsAre;

TEST(MomentsTest, HandComputed) {
  const std::vector<double> values = {2, 4, 4, 4, 5, 5, 7, 9};
  EXPECT_EQ(Mean(values), 5);
  EXPECT_DOUBLE_EQ(Variance(values), 32.0 / 7);
  EXPECT_DOUBLE_EQ(StandardDeviation(values), std::sqrt(32.0 / 7));
}

TEST(MomentsTest, KeepsSmallSpreadOnALargeOffset) {
  EXPECT_DOUBLE_EQ(Variance({1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16}), 30);
  EXPECT_EQ(Mean(std::vector<double>(10, 0.1)), 0.1);
  EXPECT_EQ(Variance(std::vector<double>(10, 0.1)), 0);
}

TEST(MomentsTest, TooFewOrMissingIsNaN) {
  EXPECT_TRUE(std::isnan(Mean({})));
  EXPECT_TRUE(std::isnan(Variance({1})));
  EXPECT_TRUE(std::isnan(Mean({1, kNaN})));
  EXPECT_TRUE(std::isnan(StandardDeviation({1, kNaN, 2})));
  EXPECT_THAT(DropMissing({1, kNaN, 2}), ElementsAre(1, 2));
  EXPECT_TRUE(HasMissing({1, kNaN}));
  EXPECT_FALSE(HasMissing({1, kInfinity}));
}

// Hyndman and Fan (1996): positions 3.25 and 2.91667 among 1..10 at p = 0.25.
TEST(QuantileTest, BothTypesByHand) {
  const std::vector<double> values = {10, 9, 8, 7, 6, 5, 4, 3, 2, 1};
  EXPECT_DOUBLE_EQ(Quantile(values, 0.25), 3.25);
  EXPECT_DOUBLE_EQ(Quantile(values, 0.25, QuantileType::kType8), 35.0 / 12);
  EXPECT_DOUBLE_EQ(Quantile(values, 0.99), 9.91);
  EXPECT_DOUBLE_EQ(Quantile(values, 0.99, QuantileType::kType8), 10);
  EXPECT_DOUBLE_EQ(Quantile(values, 0.01, QuantileType::kType8), 1);
  EXPECT_DOUBLE_EQ(Median(values), 5.5);
}

TEST(QuantileTest, EndsAndSingleValue) {
  for (const QuantileType type : {QuantileType::kType7, QuantileType::kType8}) {
    EXPECT_EQ(Quantile({3, 1, 2}, 0, type), 1);
    EXPECT_EQ(Quantile({3, 1, 2}, 1, type), 3);
    EXPECT_EQ(Quantile({7}, 0.3, type), 7);
  }
  EXPECT_THAT(Quantiles({3, 1, 2}, {1, 0, 0.5}), ElementsAre(3, 1, 2));
}

TEST(QuantileTest, InfiniteValuesDoNotBecomeNaN) {
  EXPECT_EQ(Quantile({1, 2, kInfinity, kInfinity}, 1), kInfinity);
  EXPECT_EQ(Quantile({1, kInfinity, kInfinity}, 0.75), kInfinity);
  EXPECT_EQ(Quantile({1, 2, kInfinity}, 0.5), 2);
}

TEST(QuantileTest, EmptyMissingOrOutsideIsNaN) {
  EXPECT_TRUE(std::isnan(Quantile({}, 0.5)));
  EXPECT_TRUE(std::isnan(Quantile({1, kNaN}, 0.5)));
  EXPECT_TRUE(std::isnan(Quantile({1, 2}, 1.5)));
  EXPECT_TRUE(std::isnan(Quantile({1, 2}, kNaN)));
}

TEST(QuantileTest, MonotoneAndInsideTheSample) {
  RngStream rng(7);
  std::vector<double> values;
  for (int i = 0; i < 57; ++i) values.push_back(rng.LogNormal(1, 2));
  const Ecdf ecdf(values);
  double last = -kInfinity;
  for (int k = 0; k <= 1000; ++k) {
    const double q = Quantile(values, k / 1000.0);
    EXPECT_GE(q, last);
    EXPECT_GE(q, ecdf.sorted().front());
    EXPECT_LE(q, ecdf.sorted().back());
    last = q;
  }
}

TEST(EcdfTest, StepsAtItsValues) {
  const Ecdf ecdf({3, 1, kNaN, 2, 2});
  EXPECT_EQ(ecdf.size(), 4);
  EXPECT_EQ(ecdf.missing(), 1);
  EXPECT_EQ(ecdf(0.999), 0);
  EXPECT_EQ(ecdf(1), 0.25);
  EXPECT_EQ(ecdf(2), 0.75);
  EXPECT_EQ(ecdf(2.5), 0.75);
  EXPECT_EQ(ecdf(3), 1);
  EXPECT_TRUE(std::isnan(ecdf(kNaN)));
  EXPECT_TRUE(std::isnan(Ecdf({})(1)));
}

TEST(EcdfTest, InverseIsTheSmallestValueThatReachesP) {
  std::vector<double> values;
  for (int i = 1; i <= 49; ++i) values.push_back(i);
  const Ecdf ecdf(values);
  EXPECT_EQ(ecdf.Inverse(0), 1);
  EXPECT_EQ(ecdf.Inverse(1), 49);
  for (int i = 1; i <= 49; ++i) {
    // 49 * (i / 49.0) does not always round to i.
    EXPECT_EQ(ecdf.Inverse(ecdf(i)), i);
  }
  EXPECT_TRUE(std::isnan(Ecdf({}).Inverse(0.5)));
}

}  // namespace
}  // namespace airlock
