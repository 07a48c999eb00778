#include "calibration/fit/kriging.h"

#include <gtest/gtest.h>

#include <cmath>

namespace airlock {
namespace {

// Five points on a line, trend of 1 and 2x, scales 2 and nugget 0.1. The
// numbers are those of NumPy: K = exp(-|dx| / 2) + 0.1 I, generalised least
// squares by numpy.linalg.solve, restricted likelihood written out.
class FivePoints : public ::testing::Test {
 protected:
  FivePoints() {
    points_.place.resize(5, 1);
    points_.place << 0, 1, 2.5, 4, 7;
    points_.trend.resize(5, 2);
    for (int i = 0; i < 5; ++i) {
      points_.trend.row(i) << 1, 2 * points_.place(i, 0);
    }
    values_.resize(5);
    values_ << 1, 2.2, 2.9, 5.1, 7.4;
  }
  FieldPoints points_;
  Eigen::VectorXd values_;
};

TEST_F(FivePoints, GivesGeneralisedLeastSquares) {
  const Kriging kriging(points_, values_, {0}, {{2}, 0.1});
  EXPECT_NEAR(kriging.coefficients()(0), 1.05192816671, 1e-9);
  EXPECT_NEAR(kriging.coefficients()(1), 0.45936782694, 1e-9);
  EXPECT_NEAR(kriging.variance(), 0.261227072017, 1e-9);
  EXPECT_NEAR(kriging.unit_covariance()(1, 1), 0.010560729734, 1e-9);
  EXPECT_NEAR(kriging.log_likelihood(), -0.542176385507, 1e-8);
  EXPECT_EQ(kriging.degrees_of_freedom(), 3);
}

TEST_F(FivePoints, PredictsBetweenAndFarAway) {
  const Kriging kriging(points_, values_, {0}, {{2}, 0.1});
  FieldPoints at;
  at.place.resize(2, 1);
  at.place << 3, 100;
  at.trend.resize(2, 2);
  at.trend << 1, 6, 1, 200;
  EXPECT_NEAR(kriging.Predict(at)(0), 3.67310486138, 1e-9);
  EXPECT_NEAR(kriging.PredictiveSd(at)(0), 0.350008733902, 1e-9);
  EXPECT_NEAR(kriging.PredictiveSd(at)(1), 10.1675201618, 1e-7);
  // Where nothing is near, the trend.
  EXPECT_NEAR(kriging.Predict(at)(1), kriging.Trend(at)(1), 1e-12);
}

TEST_F(FivePoints, AnAxisWithoutLengthDoesNotMatter) {
  FieldPoints two = points_;
  two.place.conservativeResize(5, 2);
  two.place.col(1) << 5, -3, 2, 8, 1;
  const Kriging one(points_, values_, {0}, {{2}, 0.1});
  const Kriging other(two, values_, {0, 1}, {{2, kEverywhere}, 0.1});
  EXPECT_EQ(other.log_likelihood(), one.log_likelihood());
}

TEST_F(FivePoints, InterpolatesWithoutNugget) {
  const Kriging kriging(points_, values_, {0}, {{2}, 1e-9});
  const Eigen::VectorXd predicted = kriging.Predict(points_);
  for (int i = 0; i < 5; ++i) EXPECT_NEAR(predicted(i), values_(i), 1e-6);
}

TEST(Kriging, ARegressorThatDoesNotVaryIsNoError) {
  FieldPoints points;
  points.place.resize(4, 1);
  points.place << 0, 1, 2, 3;
  points.trend.resize(4, 2);
  points.trend << 1, 5, 1, 5, 1, 5, 1, 5;
  Eigen::VectorXd values(4);
  values << 1, 2, 1, 2;
  const Kriging kriging(points, values, {0}, {{1}, 0.5});
  EXPECT_EQ(kriging.degrees_of_freedom(), 3);
  EXPECT_NEAR(kriging.Trend(points)(0), 1.5, 1e-9);
}

TEST(FieldCorrelation, FallsWithDistanceOnEachAxis) {
  Eigen::MatrixXd a(1, 3), b(1, 3);
  a << 0, 0, 1;
  b << 3, 4, -1;
  EXPECT_NEAR(FieldCorrelation(a, b, {0, 0, 1}, {{10, 4}, 0})(0, 0),
              std::exp(-5.0 / 10 - 2.0 / 4), 1e-15);
}

}  // namespace
}  // namespace airlock
