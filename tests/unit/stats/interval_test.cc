#include "sim/stats/interval.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "sim/base/rng.h"

namespace airlock {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(DistributionTest, TabulatedValues) {
  EXPECT_NEAR(NormalQuantile(0.975), 1.959963985, 1e-9);
  EXPECT_NEAR(NormalCdf(-1.644853627), 0.05, 1e-9);
  EXPECT_NEAR(StudentTQuantile(0.975, 9), 2.262157163, 1e-9);
  EXPECT_NEAR(StudentTQuantile(0.95, 1), 6.313751515, 1e-8);
  EXPECT_NEAR(StudentTCdf(2.228138852, 10), 0.975, 1e-9);
  EXPECT_NEAR(FisherFCdf(4.964602744, 1, 10), 0.95, 1e-9);
  EXPECT_NEAR(ChiSquaredTail(31.410432845, 20), 0.05, 1e-9);
  EXPECT_NEAR(ChiSquaredTail(200, 2), std::exp(-100), 1e-50);
  EXPECT_EQ(ChiSquaredTail(-1, 2), 1);
  // 56/1024: at most 2 heads of 10.
  EXPECT_NEAR(BinomialCdf(2, 10, 0.5), 56.0 / 1024, 1e-12);
}

// 1 - e^-2 (1 + 2 + 2); and where e^-mean is no double any more.
TEST(DistributionTest, PoissonTail) {
  EXPECT_NEAR(PoissonTail(3, 2), 1 - 5 * std::exp(-2), 1e-12);
  EXPECT_NEAR(PoissonTail(2000, 2000), 0.5, 0.01);
  EXPECT_LT(PoissonTail(2300, 2000), 1e-9);
  EXPECT_EQ(PoissonTail(0, 5), 1);
  EXPECT_EQ(PoissonTail(1, 0), 0);
  EXPECT_TRUE(std::isnan(PoissonTail(1, -1)));
}

TEST(DistributionTest, EndsAndNonsense) {
  EXPECT_EQ(NormalCdf(kInfinity), 1);
  EXPECT_EQ(StudentTCdf(-kInfinity, 3), 0);
  EXPECT_TRUE(std::isnan(NormalQuantile(0)));
  EXPECT_TRUE(std::isnan(StudentTQuantile(0.9, 0)));
  EXPECT_TRUE(std::isnan(StudentTCdf(kNaN, 3)));
  EXPECT_TRUE(std::isnan(FisherFCdf(1, 0, 3)));
  EXPECT_EQ(BinomialCdf(-1, 5, 0.5), 0);
  EXPECT_EQ(BinomialCdf(5, 5, 0.5), 1);
}

// 5 +- t(0.975, 4) * sqrt(2.5 / 5).
TEST(MeanIntervalTest, HandComputed) {
  const Interval interval = MeanInterval({3, 4, 5, 6, 7}, 0.95);
  EXPECT_EQ(interval.estimate, 5);
  EXPECT_NEAR(interval.half_width(), 2.776445105 * std::sqrt(0.5), 1e-8);
  EXPECT_TRUE(interval.known());
  EXPECT_TRUE(interval.Contains(6.9));
  EXPECT_FALSE(interval.Contains(7.0));
}

TEST(MeanIntervalTest, UnknownNeverLooksLikeAnAnswer) {
  const Interval one = MeanInterval({3}, 0.95);
  EXPECT_EQ(one.estimate, 3);
  EXPECT_FALSE(one.known());
  EXPECT_FALSE(one.Contains(3));
  EXPECT_FALSE(one.high < 1e300);
  EXPECT_FALSE(MeanInterval({}, 0.95).known());
  EXPECT_FALSE(MeanInterval({1, 2, kNaN}, 0.95).known());
}

TEST(MeanIntervalTest, ConstantSampleIsAPoint) {
  const Interval interval = MeanInterval({0.1, 0.1, 0.1}, 0.95);
  EXPECT_EQ(interval.low, 0.1);
  EXPECT_EQ(interval.high, 0.1);
}

TEST(MeanIntervalTest, CoversAsOftenAsItSays) {
  RngStream rng(11);
  int covered = 0;
  constexpr int kRuns = 4000;
  for (int run = 0; run < kRuns; ++run) {
    std::vector<double> values;
    for (int i = 0; i < 6; ++i) values.push_back(rng.Normal(2, 3));
    covered += MeanInterval(values, 0.9).Contains(2);
  }
  // 4 standard errors of a share of 0.9.
  EXPECT_NEAR(covered / double{kRuns}, 0.9, 4 * std::sqrt(0.09 / kRuns));
}

// The classic table: 5 of 10 at 95 % is (0.1871, 0.8129).
TEST(ClopperPearsonTest, PublishedValues) {
  const Interval half = ClopperPearson(5, 10, 0.95);
  EXPECT_NEAR(half.low, 0.1871, 5e-5);
  EXPECT_NEAR(half.high, 0.8129, 5e-5);
  const Interval none = ClopperPearson(0, 10, 0.95);
  EXPECT_EQ(none.low, 0);
  EXPECT_NEAR(none.high, 1 - std::pow(0.025, 0.1), 1e-12);
  const Interval all = ClopperPearson(10, 10, 0.95);
  EXPECT_NEAR(all.low, std::pow(0.025, 0.1), 1e-12);
  EXPECT_EQ(all.high, 1);
}

TEST(ClopperPearsonTest, RunsWithoutViolationThatABoundNeeds) {
  EXPECT_LT(ClopperPearsonUpper(0, 59, 0.95), 0.05);
  EXPECT_GT(ClopperPearsonUpper(0, 58, 0.95), 0.05);
  EXPECT_LT(ClopperPearsonUpper(0, 299, 0.95), 0.01);
  EXPECT_GT(ClopperPearsonUpper(0, 298, 0.95), 0.01);
}

TEST(ClopperPearsonTest, NoTrialsIsUnknown) {
  EXPECT_FALSE(ClopperPearson(0, 0, 0.95).known());
  EXPECT_FALSE(ClopperPearson(3, 2, 0.95).known());
  EXPECT_TRUE(std::isnan(ClopperPearsonUpper(-1, 2, 0.95)));
}

std::vector<double> Counting(int n) {
  std::vector<double> values;
  for (int i = 1; i <= n; ++i) values.push_back(i);
  return values;
}

// Ranks of the 95 % interval of a median: 2 and 9 of 10, 6 and 15 of 20
// (Conover, "Practical Nonparametric Statistics", section 3.2).
TEST(QuantileIntervalTest, PublishedRanks) {
  const Interval ten = QuantileInterval(Counting(10), 0.5, 0.95);
  EXPECT_EQ(ten.estimate, 5.5);
  EXPECT_EQ(ten.low, 2);
  EXPECT_EQ(ten.high, 9);
  const Interval twenty = QuantileInterval(Counting(20), 0.5, 0.95);
  EXPECT_EQ(twenty.low, 6);
  EXPECT_EQ(twenty.high, 15);
}

// An upper bound of the p99 at 95 % two-sided needs 1 - 0.99^n >= 0.975:
// n >= 368.
TEST(QuantileIntervalTest, NoBoundWhereTheSampleIsTooSmall) {
  EXPECT_EQ(QuantileInterval(Counting(50), 0.99, 0.95).high, kInfinity);
  EXPECT_EQ(QuantileInterval(Counting(367), 0.99, 0.95).high, kInfinity);
  EXPECT_EQ(QuantileInterval(Counting(368), 0.99, 0.95).high, 368);
  EXPECT_EQ(QuantileInterval(Counting(3), 0.5, 0.95).low, -kInfinity);
  EXPECT_FALSE(QuantileInterval({}, 0.5, 0.95).known());
  EXPECT_FALSE(QuantileInterval({1, kNaN}, 0.5, 0.95).known());
}

TEST(QuantileIntervalTest, CoversAtLeastAsOftenAsItSays) {
  RngStream rng(12);
  int covered = 0;
  constexpr int kRuns = 2000;
  const double truth = -std::log(1 - 0.9);
  for (int run = 0; run < kRuns; ++run) {
    std::vector<double> values;
    for (int i = 0; i < 60; ++i) values.push_back(rng.Exponential(1));
    covered += QuantileInterval(values, 0.9, 0.9).Contains(truth);
  }
  EXPECT_GT(covered / double{kRuns}, 0.9 - 4 * std::sqrt(0.09 / kRuns));
}

}  // namespace
}  // namespace airlock
