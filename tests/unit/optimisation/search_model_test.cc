#include "sim/optimisation/search_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "sim/base/rng.h"

namespace airlock {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

SearchSpace Square() { return SearchSpace({{"x", 0, 1}, {"y", 0, 1}}); }

// `noise`: standard deviation. Some fail where x > 0.9.
std::vector<Evaluation> Evaluations(double noise, double constraint_offset) {
  RngStream stream(9);
  std::vector<Evaluation> evaluations(14);
  for (Evaluation& evaluation : evaluations) {
    const double x = stream.Uniform(), y = stream.Uniform();
    evaluation.point = {x, y};
    evaluation.value =
        x > 0.9 ? kNaN : std::sin(5 * x) + y * y + stream.Normal(0, noise);
    evaluation.noise_variance = noise * noise;
    evaluation.constraints = {std::sin(9 * x) + std::cos(7 * y) -
                              constraint_offset};
  }
  evaluations[3].value = kNaN;
  return evaluations;
}

void ExpectConsistent(const SearchModel& model) {
  const MatrixXd points =
      (MatrixXd::Random(10, 2).array() * 0.45 + 0.5).matrix();
  const VectorXd many = model.LogAcquisition(points);
  for (int i = 0; i < 10; ++i) {
    const VectorXd point = points.row(i);
    VectorXd gradient;
    const double one = model.LogAcquisition(point, &gradient);
    EXPECT_TRUE(std::isfinite(one));
    EXPECT_NEAR(many(i), one, 1e-6 * (1 + std::abs(one)));
    for (int j = 0; j < 2; ++j) {
      const VectorXd step = 1e-6 * VectorXd::Unit(2, j);
      const double slope = (model.LogAcquisition(point + step, nullptr) -
                            model.LogAcquisition(point - step, nullptr)) /
                           2e-6;
      EXPECT_NEAR(gradient(j), slope, 1e-3 * (1 + std::abs(slope)));
    }
  }
}

TEST(SearchModelTest, GradientsHoldForExactNoisyAndInfeasible) {
  for (double noise : {0.0, 0.2}) {
    ExpectConsistent(SearchModel(Square(), Evaluations(noise, 0.5), 1));
    ExpectConsistent(SearchModel(Square(), Evaluations(noise, -4), 1));
  }
}

TEST(SearchModelTest, IncumbentIsTheBestFeasible) {
  const std::vector<Evaluation> evaluations = Evaluations(0, 0.5);
  const SearchModel model(Square(), evaluations, 1);
  const Evaluation* best = nullptr;
  for (const Evaluation& evaluation : evaluations) {
    if (!evaluation.feasible()) continue;
    if (best == nullptr || evaluation.value < best->value) best = &evaluation;
  }
  ASSERT_NE(best, nullptr);
  EXPECT_EQ(model.incumbent(), Square().ToUnit(best->point));
  EXPECT_TRUE(std::isnan(model.posterior_means()[3]));
}

TEST(SearchModelTest, NothingFeasibleHasNoImprovement) {
  const SearchModel model(Square(), Evaluations(0, -4), 1);
  EXPECT_TRUE(std::isnan(model.ScaledImprovement(VectorXd::Constant(2, 0.5))));
}

}  // namespace
}  // namespace airlock
