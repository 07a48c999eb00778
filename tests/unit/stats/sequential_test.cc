#include "sim/stats/sequential.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "sim/base/rng.h"
#include "sim/stats/interval.h"

namespace airlock {
namespace {

// Howard et al. (2021), eq. 2: with eta 2 and s 1.4 the stitched boundary is
// 1.7 sqrt(v (log log(2 v) + 0.72 log(5.2 / alpha))), constants as printed.
TEST(StitchedBoundaryTest, IsThePublishedOne) {
  for (double v : {1.0, 30.0, 1e3, 1e6}) {
    const double printed = 1.7 * std::sqrt(v * (std::log(std::log(2 * v)) +
                                                0.72 * std::log(5.2 / 0.025)));
    EXPECT_NEAR(StitchedBoundary(v, 0.025, 1) / printed, 1, 0.006) << v;
  }
  // Independent computations, with the scale term too.
  EXPECT_NEAR(StitchedBoundary(100, 0.025, 1), 39.7546225953778, 1e-9);
  EXPECT_NEAR(StitchedBoundary(100, 0.025, 1, 0.5), 44.65218314964067, 1e-9);
  // Below the least variance it is that at the least variance.
  EXPECT_EQ(StitchedBoundary(3, 0.05, 10), StitchedBoundary(10, 0.05, 10));
}

// At alpha .05 and rho 1, v 99: sqrt(100 log(100 / .0025)).
TEST(NormalMixtureTest, IsTheClosedForm) {
  EXPECT_NEAR(NormalMixtureBoundary(99, 0.05, 1), 32.5525, 1e-3);
  // Its rho is nearly the best: a quarter or four times of it is wider.
  const double rho = MixtureRho(100, 0.05);
  const double width = NormalMixtureBoundary(100, 0.05, rho);
  EXPECT_LT(width, NormalMixtureBoundary(100, 0.05, rho / 4));
  EXPECT_LT(width, NormalMixtureBoundary(100, 0.05, rho * 4));
}

TEST(AsymptoticTest, IsTheMixtureWithAnEstimatedVariance) {
  // With v = n s^2 and rho_Robbins = s^2 / rho^2 the two are the same.
  const double s = 2, alpha = 0.05, rho = 0.3;
  for (int64_t n : {10, 1000}) {
    EXPECT_NEAR(AsymptoticRadius(s, n, alpha, rho) * static_cast<double>(n),
                NormalMixtureBoundary(static_cast<double>(n) * s * s, alpha,
                                      s * s / (rho * rho)),
                1e-9);
  }
}

// 2 integral over effects d < 0 of N(d; 0, g) times the ratio of the noncentral
// and the central t density, by adaptive quadrature of SciPy's densities.
TEST(TMixtureTest, IsTheIntegralOverEffects) {
  struct Case {
    double t;
    int64_t n;
    double spread;
    double log_evidence;
  };
  const Case cases[] = {
      {-2.5, 5, 0.5, 1.4416467036709766},   {-3, 10, 0.2, 2.146191173929491},
      {1.2, 10, 0.2, -1.1517275288369881},  {-4, 30, 0.1, 4.651082879449928},
      {-1, 60, 0.15, -0.19285581359869217}, {-8, 3, 1, 1.915225178509033}};
  for (const Case& c : cases) {
    EXPECT_NEAR(TMixtureLogEvidence(c.t, c.n, c.spread), c.log_evidence, 1e-8);
  }
  EXPECT_EQ(TMixtureLogEvidence(-5, 1, 0.2), 0);
  EXPECT_TRUE(std::isnan(TMixtureLogEvidence(std::nan(""), 10, 0.2)));
}

TEST(TMixtureTest, CriticalValueIsWhereTheEvidenceSuffices) {
  for (int64_t n : {8, 30, 200}) {
    const double t = TMixtureCritical(n, 0.05, 0.2);
    EXPECT_NEAR(TMixtureLogEvidence(-t, n, 0.2), -std::log(0.05), 1e-9);
    EXPECT_GT(t, StudentTQuantile(0.95, static_cast<double>(n - 1)));
  }
  // Two values can never do; infinitely much evidence there is not.
  EXPECT_TRUE(std::isinf(TMixtureCritical(2, 0.05, 0.2)));
}

// Looked at after every value: of series whose mean is 0, at most alpha ever
// have enough evidence against it, whatever the variance is; and one that is
// shifted the other way even fewer.
TEST(TMixtureTest, ErrorHoldsOverAllLooks) {
  constexpr int kSeries = 4000;
  constexpr int64_t kMost = 60;
  constexpr double kAlpha = 0.05;
  const double spread = TMixtureSpread(kMost, kAlpha);
  std::vector<double> critical(kMost + 1);
  for (int64_t n = 0; n <= kMost; ++n) {
    critical[static_cast<size_t>(n)] = TMixtureCritical(n, kAlpha, spread);
  }
  RngStream rng(5);
  int crossed = 0;
  for (int i = 0; i < kSeries; ++i) {
    double sum = 0, squares = 0;
    bool ever = false;
    for (int64_t n = 1; n <= kMost; ++n) {
      const double x = rng.Normal(0, 3);
      sum += x;
      squares += x * x;
      const auto count = static_cast<double>(n);
      const double variance = (squares - sum * sum / count) / (count - 1);
      const double t = sum / count / std::sqrt(variance / count);
      ever = ever || (n > 1 && t <= -critical[static_cast<size_t>(n)]);
    }
    crossed += ever ? 1 : 0;
  }
  EXPECT_LE(ClopperPearson(crossed, kSeries, 0.998).low, kAlpha) << crossed;
  EXPECT_GT(crossed, kSeries / 100);  // it is a test that can say yes
}

// The mixture's integral by SciPy's quadrature.
TEST(ShareTest, IsTheIntegralOverShares) {
  EXPECT_NEAR(ShareBelowLogEvidence(0, 59, 0.05), 1.8805273054303133, 1e-9);
  EXPECT_NEAR(ShareBelowLogEvidence(3, 200, 0.05), 2.6875224773591495, 1e-9);
  EXPECT_NEAR(ShareBelowLogEvidence(20, 200, 0.05), -2.5049613089106226, 1e-9);
  EXPECT_NEAR(ShareAboveLogEvidence(20, 200, 0.05), 1.2459332916576853, 1e-7);
  EXPECT_EQ(ShareUpperSequence(0, 0, 0.05), 1);
}

// An upper bound at every look is above the bound at one, and not absurdly.
TEST(ShareTest, BoundIsWiderThanOfOneLook) {
  for (int64_t n : {59, 299, 2995}) {
    const double once = ClopperPearsonUpper(0, n, 0.95);
    EXPECT_GT(ShareUpperSequence(0, n, 0.05), once);
    EXPECT_LT(ShareUpperSequence(0, n, 0.05), 3 * once);
  }
}

TEST(ShareTest, ErrorHoldsOverAllLooks) {
  constexpr int kSeries = 2000;
  RngStream rng(6);
  int missed = 0;
  for (int i = 0; i < kSeries; ++i) {
    int64_t violations = 0;
    bool ever = false;
    for (int64_t n = 1; n <= 300 && !ever; ++n) {
      violations += rng.Uniform() < 0.05 ? 1 : 0;
      ever = ShareBelowLogEvidence(violations, n, 0.05) >= std::log(20);
    }
    missed += ever ? 1 : 0;
  }
  EXPECT_LE(ClopperPearson(missed, kSeries, 0.998).low, 0.05) << missed;
}

TEST(PredictivePowerTest, IsCertainAtTheEndAndFairInTheMiddle) {
  EXPECT_EQ(PredictivePower(-1, 1, 30, 30, 1.7), 1);
  EXPECT_EQ(PredictivePower(0, 1, 30, 30, 1.7), 0);
  // Exactly at the final bound: a coin.
  EXPECT_NEAR(PredictivePower(-1.7 / std::sqrt(40), 1, 10, 40, 1.7), 0.5,
              1e-12);
  EXPECT_LT(PredictivePower(0.5, 1, 20, 30, 1.7), 0.01);
  EXPECT_TRUE(std::isnan(PredictivePower(0, 1, 1, 30, 1.7)));
}

// The prediction against what then happens.
TEST(PredictivePowerTest, IsHowOftenItHappens) {
  RngStream rng(7);
  double predicted = 0;
  int happened = 0;
  constexpr int kTrials = 20000;
  for (int i = 0; i < kTrials; ++i) {
    // Of a flat prior over the mean, what matters near the bound.
    const double mean = rng.Uniform(-2, 2);
    double sum = 0, squares = 0;
    for (int j = 0; j < 10; ++j) {
      const double x = rng.Normal(mean, 1);
      sum += x;
      squares += x * x;
    }
    const double s = std::sqrt((squares - sum * sum / 10) / 9);
    predicted += PredictivePower(sum / 10, s, 10, 20, 0);
    for (int j = 0; j < 10; ++j) sum += rng.Normal(mean, 1);
    happened += sum < 0 ? 1 : 0;
  }
  EXPECT_NEAR(predicted / kTrials, static_cast<double>(happened) / kTrials,
              0.012);
}

TEST(SequentialTest, WrongArgumentsGiveNoNumber) {
  EXPECT_TRUE(std::isnan(NormalMixtureBoundary(-1, 0.05, 1)));
  EXPECT_TRUE(std::isnan(StitchedBoundary(1, 1.5, 1)));
  EXPECT_TRUE(std::isnan(AsymptoticRadius(1, 0, 0.05, 1)));
  EXPECT_TRUE(std::isnan(TMixtureCritical(10, 0, 1)));
  EXPECT_TRUE(std::isnan(ShareBelowLogEvidence(5, 4, 0.1)));
}

}  // namespace
}  // namespace airlock
