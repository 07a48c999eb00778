#include "twin/forecast/interval_scores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/support/error_of.h"

namespace airlock {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;

TEST(ScoreIntervals, EqualsTheHandComputed) {
  const double nan = std::nan("");
  const IntervalScores scores =
      ScoreIntervals({5, 1, 12, nan}, {{4, 6}, {2, 6}, {0, 10}, {0, 1}}, 0.8);
  EXPECT_EQ(scores.samples, 3);
  EXPECT_DOUBLE_EQ(scores.coverage, 1.0 / 3);
  EXPECT_DOUBLE_EQ(scores.mean_width, 16.0 / 3);
  // 2 / 0.2 = 10 for each unit outside: 1 below, 2 above.
  EXPECT_NEAR(scores.winkler, (2 + 4 + 10 + 10 + 20) / 3.0, 1e-12);
  EXPECT_TRUE(std::isnan(ScoreIntervals({nan}, {{0, 1}}, 0.8).coverage));
  EXPECT_THAT(ErrorOf([] { ScoreIntervals({}, {}, 80); }),
              HasSubstr("level 80"));
}

TEST(PinballLoss, EqualsTheHandComputed) {
  EXPECT_DOUBLE_EQ(PinballLoss({3, 1}, {2, 2}, 0.9), (0.9 + 0.1) / 2);
  EXPECT_DOUBLE_EQ(PinballLoss({3, 1, std::nan("")}, {1, 2, 0}, 0.5), 0.75);
}

// Mean interval score and pinball loss of the ends belong together: winkler =
// 2 / a (pinball at a/2 + pinball at 1 - a/2) (Gneiting and Raftery, eq. 43).
TEST(ScoreIntervals, WinklerIsTheSumOfThePinballLosses) {
  const std::vector<double> observed = {1, 5, 9, -3};
  const std::vector<double> low = {0, 6, 2, 0}, high = {2, 8, 4, 1};
  std::vector<PredictionInterval> intervals;
  for (size_t i = 0; i < 4; ++i) intervals.push_back({low[i], high[i]});
  EXPECT_NEAR(ScoreIntervals(observed, intervals, 0.9).winkler,
              2 / 0.1 *
                  (PinballLoss(observed, low, 0.05) +
                   PinballLoss(observed, high, 0.95)),
              1e-12);
}

// Computed apart with NumPy over all pairs.
TEST(ResidualDistribution, CrpsEqualsAllPairs) {
  const ResidualDistribution errors({0.5, -3, 2, -1, 4.5, 0.75});
  EXPECT_NEAR(errors.Crps(10, 10.3), 0.559722222222222, 1e-12);
  EXPECT_NEAR(errors.Crps(10, 20), 8.07638888888889, 1e-12);
  EXPECT_NEAR(errors.Crps(10, 5), 4.32638888888889, 1e-12);
  EXPECT_NEAR(errors.Crps({10, 10, std::nan("")}, {20, 5, 1}),
              (8.07638888888889 + 4.32638888888889) / 2, 1e-12);
  // A certain forecast has the absolute error.
  EXPECT_DOUBLE_EQ(ResidualDistribution({0}).Crps(3, 5), 2);
  EXPECT_THAT(ErrorOf([] { ResidualDistribution({}); }),
              HasSubstr("no residuals"));
  EXPECT_THAT(ErrorOf([] {
                ResidualDistribution({1, std::nan("")});
              }),
              HasSubstr("not a number"));
}

// A standard normal forecast given by 19 quantiles (SciPy's norm.ppf), against
// the closed form y (2 Phi - 1) + 2 phi - 1 / sqrt(pi) (Gneiting and Raftery).
TEST(CrpsFromQuantiles, NearsTheClosedFormOfTheNormal) {
  const std::vector<double> upper = {
      0.12566134685507416, 0.25334710313580006, 0.38532046640756801,
      0.524400512708041,   0.67448975019608215, 0.8416212335729143,
      1.0364333894937898,  1.2815515655446017,  1.6448536269514733};
  std::vector<double> quantiles = {0}, p;
  for (const double value : upper) {
    quantiles.push_back(value);
    quantiles.insert(quantiles.begin(), -value);
  }
  for (int k = 1; k < 20; ++k) p.push_back(0.05 * k);
  const double expected[][2] = {
      {0, 0.233694977255109}, {0.7, 0.421569170073464}, {-2, 1.4527918216859}};
  for (const auto& [y, crps] : expected) {
    EXPECT_NEAR(CrpsFromQuantiles({y}, {quantiles}, p), crps, 0.03) << y;
  }
  EXPECT_THAT(ErrorOf([] {
                CrpsFromQuantiles({}, {}, {0.5, 0.4});
              }),
              HasSubstr("must ascend"));
}

}  // namespace
}  // namespace airlock
