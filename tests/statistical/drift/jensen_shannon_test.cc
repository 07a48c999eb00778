#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "sim/base/rng.h"
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

}  // namespace
}  // namespace airlock
