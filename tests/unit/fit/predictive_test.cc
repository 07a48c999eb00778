#include "calibration/fit/predictive.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "sim/base/rng.h"

namespace airlock {
namespace {

std::vector<double> Ramp(double low, double high, int n) {
  std::vector<double> values;
  for (int i = 0; i < n; ++i)
    values.push_back(low + (high - low) * i / (n - 1));
  return values;
}

TEST(CentralPart, ContinuousDraws) {
  const std::vector<double> draws = Ramp(0, 1, 99);
  EXPECT_EQ(CentralPart(draws, 0.501), 1);
  EXPECT_EQ(CentralPart(draws, -1), 0);
  EXPECT_EQ(CentralPart(draws, 2), 0);
}

// An atom that holds everything counts as 90 %, not as always covered.
TEST(CentralPart, Atom) {
  const std::vector<double> draws(99, 0.0);
  EXPECT_NEAR(CentralPart(draws, 0), 0.9, 1e-12);
  EXPECT_EQ(CentralPart(draws, 0.1), 0);
}

// The differences at the state count, not those of other states, and intervals
// from them cover.
TEST(ResidualPool, AdaptsToTheState) {
  RngStream stream(1);
  ResidualPool pool(DifferenceKind::kSum, false, 100);
  for (int i = 0; i < 1000; ++i) {
    const double load = stream.Uniform();
    pool.Add({load}, {1, 1}, 1, 1 + stream.Normal(0, load < 0.5 ? 0.1 : 1));
  }
  pool.Close();
  double quiet = 0;
  double noisy = 0;
  for (int i = 0; i < 2000; ++i) {
    quiet += CentralPart(pool.Draws({0.25}, 5), 5 + stream.Normal(0, 0.1));
    noisy += CentralPart(pool.Draws({0.75}, 5), 5 + stream.Normal(0, 1));
  }
  EXPECT_NEAR(quiet / 2000, 0.9, 0.05);
  EXPECT_NEAR(noisy / 2000, 0.9, 0.05);
}

TEST(JudgeKpi, ReasonsNameEveryLimit) {
  const std::vector<double> measured = Ramp(1, 2, 100);
  const FidelityLimits limits;
  const std::vector<double> covered(100, 0.9);
  const KpiFidelity good =
      JudgeKpi("delivered_rate", measured, measured, covered, limits);
  EXPECT_TRUE(good.credible) << good.reason;
  EXPECT_EQ(good.w1_over_sd, 0);
  EXPECT_EQ(good.p99_error, 0);
  const KpiFidelity bad = JudgeKpi("delivered_rate", measured, Ramp(2, 3, 100),
                                   std::vector<double>(100, 1), limits);
  EXPECT_FALSE(bad.credible);
  EXPECT_NE(bad.reason.find("W1/sd"), std::string::npos);
  EXPECT_NE(bad.reason.find("p99 error"), std::string::npos);
  EXPECT_NE(bad.reason.find("covers 100.0 %"), std::string::npos);
  // Too few samples are never credible.
  EXPECT_FALSE(JudgeKpi("x", {1, 2}, {1, 2}, {0.9, 0.9}, limits).credible);
}

}  // namespace
}  // namespace airlock
