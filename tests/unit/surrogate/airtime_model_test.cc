#include "sim/surrogate/airtime_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "sim/base/error.h"

namespace airlock {
namespace {

// Equation (4) in 40 decimal digits (Python's decimal), to six.
struct RhoVector {
  double x;
  double one;
  double two;
};

constexpr RhoVector kVectors[] = {
    {0.0, 2.079442, 1.386294}, {0.1, 2.132584, 1.439437},
    {0.5, 2.445954, 1.752807}, {0.7, 2.741113, 2.047965},
    {0.9, 3.442634, 2.749486}, {1.0, 4.154448, 3.461301},
    {1.5, 9.006870, 8.313723},
};

TEST(RhoTest, HasThePublishedValues) {
  for (const RhoVector& vector : kVectors) {
    EXPECT_NEAR(Rho(vector.x, 1), vector.one, 1e-6) << vector.x;
    EXPECT_NEAR(Rho(vector.x, 2), vector.two, 1e-6) << vector.x;
  }
  EXPECT_NEAR(RhoSlope(0.9), 6.768166, 1e-6);
}

TEST(RhoTest, SlopeIsThatOfTheCurve) {
  constexpr double kStep = 1e-6;
  for (const double x : {1e-5, 0.01, 0.3, 0.6, 0.85, 0.95, 1.4}) {
    const double slope = (Rho(x + kStep, 2) - Rho(x - kStep, 2)) / (2 * kStep);
    EXPECT_NEAR(RhoSlope(x), slope, 1e-6 * std::max(1.0, slope)) << x;
  }
  EXPECT_NEAR(RhoSlope(0), 0.5, 1e-12);
}

TEST(RhoTest, TheVectorFormIsTheScalarForm) {
  // 600 values: more than two of its blocks, and an odd rest.
  Eigen::ArrayXd x(601);
  for (Eigen::Index i = 0; i < x.size(); ++i) x[i] = 0.0025 * i;
  x[1] = 1e-17;
  x[2] = 1e-9;
  x[3] = 1e-5;
  Eigen::ArrayXd rho = x;
  RhoOfOne(rho);
  for (Eigen::Index i = 0; i < x.size(); ++i) {
    EXPECT_NEAR(rho[i], Rho(x[i], 1), 1e-13 * Rho(x[i], 1)) << x[i];
  }
}

TEST(InterferenceMapTest, HardThresholdIsInclusiveAndAsymmetric) {
  Eigen::MatrixXd rssi(3, 3);
  const double silent = -std::numeric_limits<double>::infinity();
  const double missing = std::numeric_limits<double>::quiet_NaN();
  rssi << 0, -82, -82.001,  //
      -60, 0, missing,      //
      silent, -100, 0;
  const Eigen::MatrixXd m = InterferenceMap(rssi, AirtimeChoices());
  Eigen::MatrixXd expected(3, 3);
  expected << 0, 1, 0,  //
      1, 0, 0,          //
      0, 0, 0;
  EXPECT_EQ(m, expected);
}

TEST(InterferenceMapTest, SoftThresholdIsALogisticCurve) {
  AirtimeChoices choices;
  choices.threshold_dbm = -80;
  choices.softness_db = 6;
  Eigen::MatrixXd rssi = Eigen::MatrixXd::Constant(2, 2, -80);
  EXPECT_DOUBLE_EQ(InterferenceMap(rssi, choices)(0, 1), 0.5);
  rssi(0, 1) = -74;  // 1 / (1 + 1/e)
  EXPECT_NEAR(InterferenceMap(rssi, choices)(0, 1), 0.731058578630005, 1e-14);
  rssi(0, 1) = -80 - 6 * 7;  // 9.1e-4: below what counts
  EXPECT_EQ(InterferenceMap(rssi, choices)(0, 1), 0);
  EXPECT_EQ(InterferenceMap(rssi, choices)(0, 0), 0);
}

TEST(OccupancyLawTest, UnknownNameListsTheKnown) {
  EXPECT_EQ(ParseOccupancyLaw("union"), OccupancyLaw::kUnion);
  try {
    ParseOccupancyLaw("some");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(),
                 "there is no occupancy law 'some'; known are sum, union");
  }
}

}  // namespace
}  // namespace airlock
