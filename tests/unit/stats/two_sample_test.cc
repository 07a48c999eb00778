#include "sim/stats/two_sample.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "sim/base/rng.h"
#include "sim/stats/quantile.h"

namespace airlock {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
using testing::ElementsAre;

// Student's sleep data (Biometrika 6, 1908), as in R's `sleep`.
const std::vector<double> kSleep1 = {0.7, -1.6, -0.2, -1.2, -0.1,
                                     3.4, 3.7,  0.8,  0.0,  2.0};
const std::vector<double> kSleep2 = {1.9, 0.8, 1.1, 0.1, -0.1,
                                     4.4, 5.5, 1.6, 4.6, 3.4};

std::vector<double> Normals(int n, double mean, double sd, RngStream* rng) {
  std::vector<double> values;
  for (int i = 0; i < n; ++i) values.push_back(rng->Normal(mean, sd));
  return values;
}

TEST(KolmogorovSmirnovTest, HandComputed) {
  // After 2: 2/3 against 0; after 3, 1 against 1/2.
  EXPECT_DOUBLE_EQ(KolmogorovSmirnov({1, 2, 3}, {3, 4}).statistic, 2.0 / 3);
  EXPECT_EQ(KolmogorovSmirnov({1, 2}, {3, 4}).statistic, 1);
  EXPECT_EQ(KolmogorovSmirnov({1, 2}, {2, 1}).statistic, 0);
  EXPECT_EQ(KolmogorovSmirnov({1, 2}, {2, 1}).p_value, 1);
}

// Kolmogorov's 5 % point is lambda = 1.3581: with n = m = 800 and D = 54 / 800
// lambda is (20 + 0.12 + 0.0055) * 0.0675 = 1.3585.
TEST(KolmogorovSmirnovTest, PublishedCriticalValue) {
  std::vector<double> a, b;
  for (int i = 0; i < 800; ++i) {
    a.push_back(i);
    b.push_back(i + 54);
  }
  const TestResult result = KolmogorovSmirnov(a, b);
  EXPECT_DOUBLE_EQ(result.statistic, 0.0675);
  EXPECT_NEAR(result.p_value, 0.0499, 2e-4);
}

// T = U / (n m (n + m)) - (4 n m - 1) / (6 (n + m)); U = 2 * 8 for {1,2},{3,4}.
TEST(CramerVonMisesTest, HandComputed) {
  EXPECT_DOUBLE_EQ(CramerVonMises({1, 2}, {3, 4}).statistic, 0.375);
  // Symmetric, and unchanged by a monotone map.
  const double t = CramerVonMises({1, 5, 2}, {3, 4, 9, 7}).statistic;
  EXPECT_DOUBLE_EQ(CramerVonMises({3, 4, 9, 7}, {1, 5, 2}).statistic, t);
  EXPECT_DOUBLE_EQ(CramerVonMises({1, 125, 8}, {27, 64, 729, 343}).statistic,
                   t);
}

// Under the null the p-values are uniform: 5 % below 0.05. Both tests see a
// shift by one standard deviation.
TEST(TwoSampleTest, SizeAndPower) {
  RngStream rng(41);
  constexpr int kRuns = 2000;
  int ks = 0, cvm = 0, ks_power = 0, cvm_power = 0;
  double cvm_sum = 0;
  for (int run = 0; run < kRuns; ++run) {
    const std::vector<double> a = Normals(60, 0, 1, &rng);
    const std::vector<double> b = Normals(45, 0, 1, &rng);
    ks += KolmogorovSmirnov(a, b).p_value < 0.05;
    const double p = CramerVonMises(a, b).p_value;
    cvm += p < 0.05;
    cvm_sum += p;
    if (run < 200) {
      const std::vector<double> c = Normals(45, 1, 1, &rng);
      ks_power += KolmogorovSmirnov(a, c).p_value < 0.05;
      cvm_power += CramerVonMises(a, c).p_value < 0.05;
    }
  }
  const double error = 4 * std::sqrt(0.05 * 0.95 / kRuns);
  EXPECT_LT(ks / double{kRuns}, 0.05 + error);
  EXPECT_GT(ks / double{kRuns}, 0.02);
  EXPECT_NEAR(cvm / double{kRuns}, 0.05, error);
  EXPECT_NEAR(cvm_sum / kRuns, 0.5, 4 * std::sqrt(1.0 / 12 / kRuns));
  EXPECT_GT(ks_power, 190);
  EXPECT_GT(cvm_power, 195);
}

TEST(Wasserstein1Test, HandComputed) {
  EXPECT_EQ(Wasserstein1({0, 1, 3}, {5, 6, 8}), 5);
  EXPECT_EQ(Wasserstein1({0}, {0, 1}), 0.5);
  // |1/3 - 0| * 1 + |2/3 - 1/2| * 1 + |2/3 - 1/2| * 2.
  EXPECT_DOUBLE_EQ(Wasserstein1({0, 1, 4}, {1, 2}) * 6, 2 + 1 + 2 * 2);
  EXPECT_EQ(Wasserstein1({2, 2}, {2}), 0);
}

TEST(Wasserstein1Test, IsAMetricAndMovesWithShiftAndScale) {
  RngStream rng(42);
  for (int run = 0; run < 50; ++run) {
    const std::vector<double> a = Normals(23, 0, 1, &rng);
    const std::vector<double> b = Normals(40, 0.3, 2, &rng);
    const std::vector<double> c = Normals(7, -1, 0.5, &rng);
    const double shift = rng.Uniform(-3, 3);
    std::vector<double> moved = a, wide_a = a, wide_b = b;
    for (double& x : moved) x += shift;
    for (double& x : wide_a) x *= 3;
    for (double& x : wide_b) x *= 3;
    EXPECT_NEAR(Wasserstein1(a, moved), std::abs(shift), 1e-12);
    EXPECT_NEAR(Wasserstein1(wide_a, wide_b), 3 * Wasserstein1(a, b), 1e-12);
    EXPECT_NEAR(Wasserstein1(a, b), Wasserstein1(b, a), 1e-12);
    EXPECT_LE(Wasserstein1(a, b),
              Wasserstein1(a, c) + Wasserstein1(c, b) + 1e-12);
    EXPECT_EQ(Wasserstein1(a, a), 0);
  }
}

// For equal sizes W1 is the mean distance of the sorted pairs.
TEST(Wasserstein1Test, AgreesWithSortedPairs) {
  RngStream rng(43);
  std::vector<double> a = Normals(200, 0, 1, &rng);
  std::vector<double> b = Normals(200, 1, 3, &rng);
  const double distance = Wasserstein1(a, b);
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += std::abs(a[i] - b[i]);
  EXPECT_NEAR(distance, sum / 200, 1e-12);
}

double MeanPairDistance(const std::vector<double>& a,
                        const std::vector<double>& b) {
  double sum = 0;
  for (const double x : a) {
    for (const double y : b) sum += std::abs(x - y);
  }
  return sum / static_cast<double>(a.size() * b.size());
}

TEST(EnergyDistanceTest, AgreesWithItsDefinitionOverAllPairs) {
  EXPECT_EQ(EnergyDistance({0}, {2}), 4);
  RngStream rng(44);
  const std::vector<double> a = Normals(31, 0, 1, &rng);
  const std::vector<double> b = Normals(52, 0.5, 2, &rng);
  EXPECT_NEAR(EnergyDistance(a, b),
              2 * MeanPairDistance(a, b) - MeanPairDistance(a, a) -
                  MeanPairDistance(b, b),
              1e-12);
}

// The distance (square root, nats) of (1, 0) and (1/2, 1/2) that SciPy's manual
// gives is 0.46450140402245893.
TEST(JensenShannonTest, PublishedValue) {
  EXPECT_NEAR(std::sqrt(JensenShannon({1, 0}, {0.5, 0.5})), 0.464501404022459,
              1e-15);
  EXPECT_NEAR(JensenShannon({1, 0}, {0.5, 0.5}, LogBase::kBits),
              0.2157615543388357 / std::log(2.0), 1e-15);
}

TEST(JensenShannonTest, BoundsAndZeros) {
  EXPECT_DOUBLE_EQ(JensenShannon({5, 0}, {0, 3}), std::log(2.0));
  EXPECT_DOUBLE_EQ(JensenShannon({5, 0}, {0, 3}, LogBase::kBits), 1);
  EXPECT_EQ(JensenShannon({1, 0, 2}, {2, 0, 4}), 0);
  EXPECT_EQ(JensenShannonBound(LogBase::kBits), 1);
  EXPECT_EQ(JensenShannonBound(LogBase::kNats), std::log(2.0));
  EXPECT_TRUE(std::isnan(JensenShannon({0, 0}, {1, 1})));
  EXPECT_TRUE(std::isnan(JensenShannon({}, {})));
  RngStream rng(45);
  for (int run = 0; run < 200; ++run) {
    std::vector<double> a, b;
    for (int i = 0; i < 6; ++i) {
      a.push_back(static_cast<double>(rng.UniformInt(4)));
      b.push_back(static_cast<double>(rng.UniformInt(4)));
    }
    a[0] += 1;
    b[5] += 1;
    const double js = JensenShannon(a, b);
    EXPECT_GE(js, 0);
    EXPECT_LE(js, std::log(2.0));
    EXPECT_NEAR(js, JensenShannon(b, a), 1e-15);
  }
}

TEST(HistogramTest, EveryValueHasABin) {
  EXPECT_THAT(Histogram({-5, 0, 0.5, 1, 7, kNaN}, {0, 1}),
              ElementsAre(1, 2, 2));
  EXPECT_THAT(Histogram({1, 2}, {}), ElementsAre(2));
}

TEST(HistogramTest, QuantileEdgesShareEvenlyAndSkipRepeats) {
  std::vector<double> values;
  for (int i = 0; i < 100; ++i) values.push_back(i);
  EXPECT_THAT(Histogram(values, QuantileEdges(values, 4)),
              ElementsAre(25, 25, 25, 25));
  EXPECT_THAT(QuantileEdges({1, 1, 1, 1, 1, 9}, 3), ElementsAre(1));
  EXPECT_TRUE(QuantileEdges({}, 4).empty());
}

// Deviations 2,1,0,1,2 and 4,2,0,2,4: F = 3.6 / 1.75 with 1 and 8 degrees of
// freedom.
TEST(BrownForsytheTest, HandComputed) {
  const TestResult result = BrownForsythe({1, 2, 3, 4, 5}, {2, 4, 6, 8, 10});
  EXPECT_NEAR(result.statistic, 3.6 / 1.75, 1e-12);
  // F(1, 8) is the square of t(8).
  EXPECT_NEAR(result.p_value, 2 * StudentTCdf(-std::sqrt(3.6 / 1.75), 8),
              1e-12);
  EXPECT_EQ(BrownForsythe({1, 2, 3}, {11, 12, 13}).p_value, 1);
  EXPECT_TRUE(std::isnan(BrownForsythe({1}, {1, 2}).p_value));
}

TEST(BrownForsytheTest, SeesSpreadThatMeansDoNot) {
  RngStream rng(46);
  const std::vector<double> a = Normals(300, 0, 1, &rng);
  const std::vector<double> b = Normals(300, 0, 2, &rng);
  EXPECT_LT(BrownForsythe(a, b).p_value, 1e-4);
}

// R: wilcox.test(extra ~ group, sleep): W = 25.5, p-value = 0.06933.
TEST(MannWhitneyTest, SleepData) {
  const TestResult result = MannWhitney(kSleep1, kSleep2);
  EXPECT_EQ(result.statistic, 25.5);
  EXPECT_NEAR(result.p_value, 0.06933, 5e-6);
  EXPECT_EQ(MannWhitney(kSleep2, kSleep1).statistic, 100 - 25.5);
  EXPECT_EQ(MannWhitney({1, 1}, {1, 1, 1}).p_value, 1);
}

TEST(HodgesLehmannTest, IsTheMedianOfAllDifferences) {
  RngStream rng(47);
  for (int run = 0; run < 30; ++run) {
    const std::vector<double> a =
        Normals(5 + static_cast<int>(rng.UniformInt(20)), 0, 1, &rng);
    const std::vector<double> b =
        Normals(5 + static_cast<int>(rng.UniformInt(20)), 2, 3, &rng);
    std::vector<double> differences;
    for (const double x : a) {
      for (const double y : b) differences.push_back(y - x);
    }
    const Interval interval = HodgesLehmann(a, b, 0.9);
    EXPECT_DOUBLE_EQ(interval.estimate, Median(differences));
    std::sort(differences.begin(), differences.end());
    const double n = static_cast<double>(a.size());
    const double m = static_cast<double>(b.size());
    const auto rank = static_cast<size_t>(std::floor(
        n * m / 2 - 1.6448536269514722 * std::sqrt(n * m * (n + m + 1) / 12)));
    EXPECT_EQ(interval.low, differences[rank - 1]);
    EXPECT_EQ(interval.high, differences[differences.size() - rank]);
  }
}

TEST(HodgesLehmannTest, TooFewPairsHaveNoBound) {
  const Interval interval = HodgesLehmann({1}, {3}, 0.95);
  EXPECT_EQ(interval.estimate, 2);
  EXPECT_TRUE(std::isinf(interval.low));
  EXPECT_TRUE(std::isinf(interval.high));
}

TEST(TwoSampleTest, EmptyOrMissingIsUnknown) {
  const std::vector<double> good = {1, 2, 3};
  for (const std::vector<double>& bad :
       {std::vector<double>{}, std::vector<double>{1, kNaN}}) {
    EXPECT_TRUE(std::isnan(KolmogorovSmirnov(good, bad).p_value));
    EXPECT_TRUE(std::isnan(CramerVonMises(bad, good).p_value));
    EXPECT_TRUE(std::isnan(Wasserstein1(good, bad)));
    EXPECT_TRUE(std::isnan(EnergyDistance(bad, good)));
    EXPECT_TRUE(std::isnan(BrownForsythe(good, bad).p_value));
    EXPECT_TRUE(std::isnan(MannWhitney(good, bad).p_value));
    EXPECT_FALSE(HodgesLehmann(bad, good, 0.95).known());
  }
}

}  // namespace
}  // namespace airlock
