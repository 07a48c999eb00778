#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "sim/base/rng.h"
#include "twin/drift/detector.h"
#include "twin/drift/divergence.h"

namespace airlock {
namespace {

std::vector<double> Normals(int64_t count, double mean, RngStream* rng) {
  std::vector<double> values;
  for (int64_t i = 0; i < count; ++i) values.push_back(rng->Normal(mean, 1));
  return values;
}

// Mean divergence of two windows of `n` normals, with `bins` equal bins over
// the range of both, as in published monitors; nats.
double MeanDivergence(int64_t n, int64_t bins, double shift) {
  constexpr int kPairs = 200;
  double sum = 0;
  for (int pair = 0; pair < kPairs; ++pair) {
    RngStream rng = RngTree(11).Stream("test/pairs", Replication(pair));
    const std::vector<double> a = Normals(n, 0, &rng);
    const std::vector<double> b = Normals(n, shift, &rng);
    double low = a[0], high = a[0];
    for (const auto* sample : {&a, &b}) {
      for (const double value : *sample) {
        low = std::min(low, value);
        high = std::max(high, value);
      }
    }
    const Bins edges = Bins::Fixed(low, high, bins);
    sum += JensenShannon(edges.Histogram(a), edges.Histogram(b));
  }
  return sum / kPairs;
}

// Published values of the windowed estimator on standard normals (natural
// logarithm, mean over features).
TEST(JensenShannonEstimator, AgreesWithPublishedMeans) {
  EXPECT_NEAR(MeanDivergence(100, 64, 0), 0.155, 0.02);
  EXPECT_NEAR(MeanDivergence(300, 64, 0), 0.049, 0.006);
  EXPECT_NEAR(MeanDivergence(300, 64, 1), 0.153, 0.006);
  EXPECT_NEAR(MeanDivergence(300, 10, 0), 0.007, 0.002);
  EXPECT_NEAR(MeanDivergence(300, 10, 1), 0.119, 0.006);
  EXPECT_NEAR(MeanDivergence(1000, 64, 0), 0.016, 0.002);
  EXPECT_NEAR(MeanDivergence(1000, 64, 1), 0.125, 0.004);
}

TEST(JensenShannonEstimator, BiasIsThatOfTheFormula) {
  RngStream rng = RngTree(12).Stream("test/bias", Replication(0));
  const Bins bins = Bins::Quantiles(Normals(100000, 0, &rng), 10);
  double sum = 0;
  for (int pair = 0; pair < 500; ++pair) {
    sum += JensenShannon(bins.Histogram(Normals(300, 0, &rng)),
                         bins.Histogram(Normals(300, 0, &rng)));
  }
  EXPECT_NEAR(sum / 500, JensenShannonBias(10, 300, 300), 0.0004);
}

// Samples from the change to the alarm, with both detectors calibrated alike.
TEST(Delay, OfShiftsOfLevelAndSpread) {
  struct Change {
    const char* detector;
    const char* name;
    double mean, spread;
    double worst_median;
  };
  for (const Change& change : {Change{"jensen-shannon", "+1 sd", 1, 1, 70},
                               Change{"jensen-shannon", "+2 sd", 2, 1, 40},
                               Change{"jensen-shannon", "sd x2", 0, 2, 90},
                               Change{"rank-bank", "+.5 sd", .5, 1, 60},
                               Change{"rank-bank", "+1 sd", 1, 1, 20},
                               Change{"rank-bank", "sd x2", 0, 2, 30}}) {
    std::vector<double> delays;
    for (int r = 0; r < 20; ++r) {
      RngStream rng = RngTree(19).Stream("test/delay", Replication(r));
      DriftReference reference;
      reference.features = {"x"};
      reference.values = Normals(1500, 0, &rng);
      DriftOptions options;
      options.detector = change.detector;
      options.ert = 1000;
      options.replications = 100;
      const auto detector = CalibrateDriftDetector(reference, options);
      for (int t = 0; t < 100; ++t) {
        const double x = rng.Normal(0, 1);
        if (detector->Update(&x) == DriftState::kDrift) t = -1;
      }
      int delay = 1;
      for (; delay < 400; ++delay) {
        const double x = rng.Normal(change.mean, change.spread);
        if (detector->Update(&x) == DriftState::kDrift) break;
      }
      delays.push_back(delay);
    }
    std::sort(delays.begin(), delays.end());
    std::printf("%s, %s: median delay %.0f, longest %.0f of 400\n",
                change.detector, change.name, delays[10], delays.back());
    EXPECT_LE(delays[10], change.worst_median) << change.name;
    EXPECT_LE(delays.back(), 300) << change.name;
  }
}

}  // namespace
}  // namespace airlock
