#include "sim/server/latency_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "sim/base/rng.h"

namespace airlock {
namespace {

TEST(LatencyHistogramTest, QuantilesAreGoodToTheirBins) {
  RngStream stream(5);
  LatencyHistogram all;
  LatencyHistogram other;
  std::vector<double> values;
  double sum = 0;
  for (int i = 0; i < 20000; ++i) {
    const auto ns = static_cast<int64_t>(stream.LogNormal(20000, 2));
    (i % 2 == 0 ? all : other).Add(ns);
    values.push_back(static_cast<double>(ns) * 1e-9);
    sum += values.back();
  }
  all.Merge(other);
  std::sort(values.begin(), values.end());
  EXPECT_EQ(all.count(), 20000);
  EXPECT_NEAR(all.MeanSeconds(), sum / 20000, 1e-12);
  for (const double p : {0.01, 0.5, 0.95, 0.99, 0.999}) {
    const double exact = values[static_cast<size_t>(p * 20000)];
    EXPECT_NEAR(all.QuantileSeconds(p), exact, 0.01 * exact) << p;
  }
}

TEST(LatencyHistogramTest, NothingHasNoQuantiles) {
  LatencyHistogram none;
  EXPECT_TRUE(std::isnan(none.MeanSeconds()));
  EXPECT_TRUE(std::isnan(none.QuantileSeconds(0.5)));
  none.Merge(LatencyHistogram());
  EXPECT_EQ(none.count(), 0);
  none.Add(1);
  none.Add(0);
  EXPECT_GT(none.QuantileSeconds(0.5), 0);
  EXPECT_LE(none.QuantileSeconds(1), 2e-9);
}

}  // namespace
}  // namespace airlock
