#include "sim/optimisation/box_minimiser.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace airlock {
namespace {

using Eigen::Vector2d;
using Eigen::VectorXd;

double Rosenbrock(const VectorXd& x, VectorXd* gradient) {
  const double a = x(1) - x(0) * x(0), b = 1 - x(0);
  gradient->resize(2);
  *gradient << -400 * a * x(0) - 2 * b, 200 * a;
  return 100 * a * a + b * b;
}

BoxMinimiserOptions Thorough() {
  BoxMinimiserOptions options;
  options.iterations = 200;
  options.tolerance = 1e-10;
  return options;
}

TEST(MinimiseInBoxTest, FindsTheBottomOfRosenbrocksValley) {
  const BoxMinimum found =
      MinimiseInBox(Rosenbrock, Vector2d(-1.2, 1), Vector2d(-5, -5),
                    Vector2d(5, 5), Thorough());
  EXPECT_NEAR(found.point(0), 1, 1e-5);
  EXPECT_NEAR(found.point(1), 1, 1e-5);
  EXPECT_LT(found.evaluations, 100);
}

// With x0 <= 0.5 the minimum is at (0.5, 0.25), where b = 0.5.
TEST(MinimiseInBoxTest, EndsAtTheBoundThatHolds) {
  const BoxMinimum found =
      MinimiseInBox(Rosenbrock, Vector2d(-1.2, 1), Vector2d(-5, -5),
                    Vector2d(0.5, 5), Thorough());
  EXPECT_EQ(found.point(0), 0.5);
  EXPECT_NEAR(found.point(1), 0.25, 1e-6);
  EXPECT_NEAR(found.value, 0.25, 1e-9);
}

TEST(MinimiseInBoxTest, HeldCoordinatesStay) {
  const BoxMinimum found = MinimiseInBox(
      Rosenbrock, Vector2d(2, 1), Vector2d(2, -5), Vector2d(2, 5), Thorough());
  EXPECT_EQ(found.point(0), 2);
  EXPECT_NEAR(found.point(1), 4, 1e-6);
}

// -log(x) + x, not a number at 0 and below: minimum at 1.
TEST(MinimiseInBoxTest, StepsBackFromWhatIsNotANumber) {
  BoxMinimiserOptions options = Thorough();
  options.first_step = 100;
  const BoxMinimum found = MinimiseInBox(
      [](const VectorXd& x, VectorXd* gradient) {
        *gradient = VectorXd::Constant(1, 1 - 1 / x(0));
        return x(0) > 0 ? x(0) - std::log(x(0))
                        : std::numeric_limits<double>::quiet_NaN();
      },
      VectorXd::Constant(1, 30), VectorXd::Constant(1, -100),
      VectorXd::Constant(1, 100), options);
  EXPECT_NEAR(found.point(0), 1, 1e-5);
}

TEST(MinimiseInBoxTest, NeverWorseThanTheStart) {
  // A gradient that points the wrong way.
  const BoxMinimum found = MinimiseInBox(
      [](const VectorXd& x, VectorXd* gradient) {
        *gradient = -2 * x;
        return x.squaredNorm();
      },
      Vector2d(0.5, 0.5), Vector2d(-1, -1), Vector2d(1, 1));
  EXPECT_LE(found.value, 0.5);
}

}  // namespace
}  // namespace airlock
