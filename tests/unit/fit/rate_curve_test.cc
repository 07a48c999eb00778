#include "calibration/fit/rate_curve.h"

#include <gtest/gtest.h>

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

TEST(FitRateCurve, FindsTheCurveThatMadeTheRates) {
  const RateCurve truth = {20e6, 0.3, -85, 60e6};
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    RngStream rng(seed);
    std::vector<double> rssi, rates;
    for (int i = 0; i < 400; ++i) {
      rssi.push_back(rng.Uniform(-90, -50));
      // A tenth of them fell to the lowest rate.
      rates.push_back(rng.Uniform() < 0.1
                          ? 6.5e6
                          : truth.At(rssi.back()) + rng.Normal(0, 1e6));
    }
    const RateCurve found = FitRateCurve(rssi, rates, truth.width, nullptr);
    for (double at = -88; at <= -50; at += 2) {
      EXPECT_NEAR(found.At(at), truth.At(at), 3e6) << seed << " " << at;
    }
    const RateCurve again = FitRateCurve(rssi, rates, truth.width, &found);
    EXPECT_NEAR(again.top, found.top, 1e5);
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
