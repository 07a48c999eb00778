#include "sim/stats/t_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "sim/base/rng.h"

namespace airlock {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
using testing::DoubleNear;
using testing::ElementsAre;

// Student's sleep data (Biometrika 6, 1908), as in R's `sleep`.
const std::vector<double> kSleep1 = {0.7, -1.6, -0.2, -1.2, -0.1,
                                     3.4, 3.7,  0.8,  0.0,  2.0};
const std::vector<double> kSleep2 = {1.9, 0.8, 1.1, 0.1, -0.1,
                                     4.4, 5.5, 1.6, 4.6, 3.4};

// R: t.test(extra ~ group, sleep): t = -1.8608, df = 17.776, p = 0.07939,
// interval -3.3654832 to 0.2054832 (there first minus second).
TEST(WelchTest, SleepData) {
  const MeanDifference result = WelchTest(kSleep1, kSleep2, 0.95);
  EXPECT_NEAR(result.difference.estimate, 1.58, 1e-12);
  EXPECT_NEAR(result.t, 1.8608, 5e-5);
  EXPECT_NEAR(result.degrees_of_freedom, 17.776, 5e-4);
  EXPECT_NEAR(result.p_value, 0.07939, 5e-6);
  EXPECT_NEAR(result.difference.low, -0.2054832, 5e-8);
  EXPECT_NEAR(result.difference.high, 3.3654832, 5e-8);
}

// R: t.test(..., paired = TRUE): t = -4.0621, df = 9, p = 0.002833, interval
// -2.4598858 to -0.7001142.
TEST(PairedTest, SleepData) {
  const MeanDifference result = PairedTest(kSleep1, kSleep2, 0.95);
  EXPECT_NEAR(result.t, 4.0621, 5e-5);
  EXPECT_EQ(result.degrees_of_freedom, 9);
  EXPECT_NEAR(result.p_value, 0.002833, 5e-7);
  EXPECT_NEAR(result.difference.low, 0.7001142, 5e-8);
  EXPECT_NEAR(result.difference.high, 2.4598858, 5e-8);
}

TEST(WelchTest, ConstantSamplesDecideWithoutSpread) {
  const MeanDifference equal = WelchTest({2, 2}, {2, 2, 2}, 0.95);
  EXPECT_EQ(equal.p_value, 1);
  EXPECT_EQ(equal.difference.high, 0);
  const MeanDifference apart = WelchTest({2, 2}, {3, 3}, 0.95);
  EXPECT_EQ(apart.p_value, 0);
  EXPECT_EQ(apart.difference.low, 1);
}

TEST(WelchTest, TooFewOrMissingIsUnknown) {
  for (const MeanDifference& result :
       {WelchTest({1}, {1, 2}, 0.95), WelchTest({1, kNaN}, {1, 2}, 0.95),
        PairedTest({1}, {2}, 0.95), PairedTest({1, 2}, {1, 2, 3}, 0.95),
        PairedTest({1, kNaN}, {1, 2}, 0.95)}) {
    EXPECT_FALSE(result.difference.known());
    EXPECT_TRUE(std::isnan(result.p_value));
  }
}

// statsmodels.stats.weightstats.ttost_paired and ttost_ind(usevar="unequal").
TEST(TostTest, PValuesOfStatsmodels) {
  const std::vector<double> a = {5.1, 4.8, 5.6, 5.0, 5.3, 4.9, 5.2, 5.5};
  const std::vector<double> b = {5.2, 4.9, 5.5, 5.1, 5.6, 4.8, 5.4, 5.5};
  EXPECT_NEAR(TostPValue(PairedTest(a, b, 0.9), -0.2, 0.2),
              0.019166864418015492, 1e-10);
  EXPECT_NEAR(TostPValue(WelchTest(a, b, 0.9), -0.4, 0.4), 0.020800396016970406,
              1e-10);
  // Equal and without spread: as sure as can be; but not of what is unknown.
  EXPECT_EQ(TostPValue(PairedTest({1, 2}, {1, 2}, 0.9), -0.1, 0.1), 0);
  EXPECT_TRUE(std::isnan(TostPValue(PairedTest({1}, {1}, 0.9), -1, 1)));
}

// statsmodels.stats.power.TTestPower, effect .5, 30 values, 5 % one-sided.
TEST(TTestPowerTest, PowerOfStatsmodels) {
  EXPECT_NEAR(TTestPower(0.5, 1 / std::sqrt(30.0), 29, 0.05),
              0.8482541772091733, 1e-7);
  EXPECT_EQ(TTestPower(0, 1, 29, 0.05), 0.05);
  EXPECT_TRUE(std::isnan(TTestPower(-1, 1, 29, 0.05)));
}

// n per arm at power 0.8, alpha 0.05: 49.5, 198, 1237 for margins of 0.5, 0.25
// and 0.1 standard deviations.
TEST(RequiredSampleSizeTest, KnownSizes) {
  EXPECT_EQ(RequiredSampleSize(0.5, 0.8, 0.05, false), 50);
  EXPECT_EQ(RequiredSampleSize(0.25, 0.8, 0.05, false), 198);
  EXPECT_EQ(RequiredSampleSize(0.1, 0.8, 0.05, false), 1237);
  EXPECT_EQ(RequiredSampleSize(0.5, 0.8, 0.05, true), 25);
  EXPECT_EQ(RequiredSampleSize(0, 0.8, 0.05, false), 0);
  EXPECT_EQ(RequiredSampleSize(kNaN, 0.8, 0.05, false), 0);
  EXPECT_EQ(RequiredSampleSize(100, 0.8, 0.05, false), 2);
}

std::vector<double> Normals(int n, double mean, double sd, RngStream* rng) {
  std::vector<double> values;
  for (int i = 0; i < n; ++i) values.push_back(rng->Normal(mean, sd));
  return values;
}

TEST(NonInferiorityTest, DirectionAndMargin) {
  const std::vector<double> low = {10.0, 10.1, 9.9, 10.05, 9.95};
  const std::vector<double> high = {11.0, 11.1, 10.9, 11.05, 10.95};
  const auto test = [&](const std::vector<double>& incumbent,
                        const std::vector<double>& candidate, Better better,
                        double margin) {
    return TestNonInferiority(incumbent, candidate, better, margin, false,
                              0.05);
  };
  EXPECT_TRUE(test(low, high, Better::kLower, 1.5).non_inferior);
  EXPECT_FALSE(test(low, high, Better::kLower, 0.5).non_inferior);
  EXPECT_TRUE(test(low, high, Better::kLower, 0.5).inferior);
  EXPECT_TRUE(test(low, high, Better::kHigher, 0).non_inferior);
  EXPECT_TRUE(test(high, low, Better::kHigher, 1.5).non_inferior);
  EXPECT_FALSE(test(high, low, Better::kHigher, 0.5).non_inferior);
  EXPECT_TRUE(test(high, low, Better::kHigher, 0.5).inferior);
  // At the limit neither is shown.
  const NonInferiority at_limit = test(low, high, Better::kLower, 1.0);
  EXPECT_FALSE(at_limit.non_inferior);
  EXPECT_FALSE(at_limit.inferior);
}

TEST(NonInferiorityTest, TheIntervalsBoundIsTheTest) {
  RngStream rng(51);
  for (int run = 0; run < 300; ++run) {
    const std::vector<double> a = Normals(8, 0, 1, &rng);
    const std::vector<double> b = Normals(8, 0.2, 1.5, &rng);
    for (const bool paired : {false, true}) {
      const NonInferiority lower =
          TestNonInferiority(a, b, Better::kLower, 1, paired, 0.05);
      EXPECT_EQ(lower.non_inferior, lower.difference.high < 1);
      const NonInferiority higher =
          TestNonInferiority(a, b, Better::kHigher, 1, paired, 0.05);
      EXPECT_EQ(higher.non_inferior, higher.difference.low > -1);
    }
  }
}

// Worse by exactly the margin: passes in at most 5 % of the trials. Equal: as
// often as the power says.
TEST(NonInferiorityTest, SizeAndPower) {
  RngStream rng(52);
  constexpr int kRuns = 2000;
  int wrong = 0, right = 0;
  double power = 0;
  for (int run = 0; run < kRuns; ++run) {
    const std::vector<double> a = Normals(20, 0, 1, &rng);
    wrong += TestNonInferiority(a, Normals(20, 0.7, 1, &rng), Better::kLower,
                                0.7, false, 0.05)
                 .non_inferior;
    const NonInferiority equal = TestNonInferiority(
        a, Normals(20, 0, 1, &rng), Better::kLower, 0.7, false, 0.05);
    right += equal.non_inferior;
    power += equal.power;
  }
  EXPECT_NEAR(wrong / double{kRuns}, 0.05, 4 * std::sqrt(0.0475 / kRuns));
  EXPECT_NEAR(right / double{kRuns}, power / kRuns, 0.04);
}

// 50 an arm, half a standard deviation: power 0.80 (noncentral t, 98 df).
TEST(NonInferiorityTest, PowerAndRequiredSize) {
  std::vector<double> a;
  for (int i = 0; i < 50; ++i) a.push_back(i % 2 == 0 ? 1 : -1);
  const double sd = std::sqrt(50.0 / 49);
  const NonInferiority result =
      TestNonInferiority(a, a, Better::kLower, 0.5 * sd, false, 0.05);
  EXPECT_NEAR(result.power, 0.799, 0.002);
  EXPECT_EQ(result.required_n, 50);
  EXPECT_EQ(TestNonInferiority(a, a, Better::kLower, 0, false, 0.05).required_n,
            0);
}

TEST(NonInferiorityTest, UnknownNeverPasses) {
  for (const std::vector<double>& bad :
       {std::vector<double>{}, std::vector<double>{1},
        std::vector<double>{1, kNaN, 1}}) {
    const NonInferiority result =
        TestNonInferiority({1, 2, 3}, bad, Better::kLower, 100, false, 0.05);
    EXPECT_FALSE(result.non_inferior);
    EXPECT_FALSE(result.inferior);
    EXPECT_TRUE(std::isnan(result.p_value));
    EXPECT_EQ(result.required_n, 0);
  }
  EXPECT_FALSE(
      TestNonInferiority({1, 2}, {1, 2}, Better::kLower, kNaN, false, 0.05)
          .non_inferior);
}

TEST(NonInferiorityTest, ConstantSamples) {
  const NonInferiority same =
      TestNonInferiority({3, 3}, {3, 3}, Better::kLower, 0.1, true, 0.05);
  EXPECT_TRUE(same.non_inferior);
  EXPECT_EQ(same.power, 1);
  EXPECT_FALSE(TestNonInferiority({3, 3}, {3, 3}, Better::kLower, 0, true, 0.05)
                   .non_inferior);
}

// R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm").
TEST(HolmTest, KnownValues) {
  EXPECT_THAT(HolmAdjusted({0.01, 0.04, 0.03, 0.005}),
              ElementsAre(DoubleNear(0.03, 1e-15), DoubleNear(0.06, 1e-15),
                          DoubleNear(0.06, 1e-15), DoubleNear(0.02, 1e-15)));
  EXPECT_TRUE(HolmAdjusted({}).empty());
  EXPECT_THAT(HolmAdjusted({0.9, 0.8}), ElementsAre(1, 1));
}

TEST(HolmTest, AMissingTestStillCounts) {
  const std::vector<double> adjusted = HolmAdjusted({kNaN, 0.02, 0.5});
  EXPECT_TRUE(std::isnan(adjusted[0]));
  EXPECT_DOUBLE_EQ(adjusted[1], 0.06);
  EXPECT_DOUBLE_EQ(adjusted[2], 1);
}

}  // namespace
}  // namespace airlock
