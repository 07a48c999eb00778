#include "calibration/fit/rate_curve.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "sim/base/rng.h"

namespace airlock {
namespace {

TEST(RateCurve, IsShannonsBoundUntilTheTop) {
  const RateCurve curve = {20e6, 0.5, -90, 30e6};
  // 0.5 x 20 MHz x log2(1 + 1) and, by hand, x log2(1 + 3) at 4.7712 dB.
  EXPECT_NEAR(curve.At(-90), 10e6, 1);
  EXPECT_NEAR(curve.At(-90 + 10 * std::log10(3.0)), 20e6, 1);
  EXPECT_EQ(curve.At(-60), 30e6);
  EXPECT_LT(curve.At(-120), 2e4);
}

// The largest difference between the curve that is found and the one that made
// the rates, a share `fallen` of which is 6.5 Mbit/s instead.
double WorstDifference(uint64_t seed, double fallen) {
  const RateCurve truth = {20e6, 0.3, -85, 60e6};
  RngStream rng(seed);
  std::vector<double> rssi, rates;
  for (int i = 0; i < 400; ++i) {
    rssi.push_back(rng.Uniform(-90, -50));
    const double rate = truth.At(rssi.back()) + rng.Normal(0, 1e6);
    rates.push_back(rng.Uniform() < fallen ? 6.5e6 : rate);
  }
  const RateCurve found = FitRateCurve(rssi, rates, truth.width, nullptr);
  const RateCurve again = FitRateCurve(rssi, rates, truth.width, &found);
  EXPECT_NEAR(again.top, found.top, 1e5);
  double worst = 0;
  for (double at = -88; at <= -50; at += 2) {
    worst = std::max(worst, std::abs(found.At(at) - truth.At(at)));
  }
  return worst;
}

TEST(FitRateCurve, FindsTheCurveThatMadeTheRates) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    // 1 Mbit/s of noise over 400 values; the curve has three parameters.
    EXPECT_LT(WorstDifference(seed, 0), 1e6) << seed;
    // A tenth that fell by up to 53.5 Mbit/s would pull a mean by that share
    // of it, 5.4 Mbit/s; Huber's loss holds it below.
    EXPECT_LT(WorstDifference(seed, 0.1), 5.4e6) << seed;
  }
}

TEST(FitGoodputShare, FindsTheShareBelowWhatIsOffered) {
  std::vector<double> rates, goodputs;
  for (int i = 1; i <= 100; ++i) {
    rates.push_back(1e6 * i);
    goodputs.push_back(std::min(30e6, 0.62 * rates.back()));
  }
  EXPECT_NEAR(FitGoodputShare(rates, goodputs, 30e6), 0.62, 1e-3);
}

}  // namespace
}  // namespace airlock
