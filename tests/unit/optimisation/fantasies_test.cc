#include "sim/optimisation/fantasies.h"

#include <gtest/gtest.h>

#include <cmath>

#include "sim/base/rng.h"

namespace airlock {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

// Twelve noisy values of a wave.
GaussianProcess NoisyWave() {
  RngStream stream(4);
  MatrixXd x(12, 2);
  VectorXd y(12);
  for (int i = 0; i < 12; ++i) {
    x(i, 0) = stream.Uniform();
    x(i, 1) = stream.Uniform();
    y(i) = 5 + 2 * std::sin(4 * x(i, 0)) + x(i, 1) + stream.Normal(0, 0.3);
  }
  KernelParameters parameters;
  parameters.length_scales = Eigen::Vector2d(0.5, 1);
  GaussianProcess process;
  process.Condition(x, y, VectorXd::Constant(12, 0.09), parameters);
  return process;
}

// Quasi Monte Carlo converges to mean and covariance of the posterior.
TEST(FantasiesTest, DrawsHaveThePosteriorsMoments) {
  const GaussianProcess process = NoisyWave();
  const Fantasies fantasies(process, 4096);
  const MatrixXd& values = fantasies.values();
  ASSERT_EQ(values.rows(), 12);
  ASSERT_EQ(values.cols(), 4096);
  VectorXd mean, variance;
  process.Predict(process.x(), &mean, &variance);
  const MatrixXd covariance = process.Covariance(process.x());
  const MatrixXd centred = values.colwise() - mean;
  const MatrixXd found = centred * centred.transpose() / 4096;
  const double greatest = covariance.diagonal().maxCoeff();
  EXPECT_LT(centred.rowwise().mean().cwiseAbs().maxCoeff(),
            0.005 * std::sqrt(greatest));
  EXPECT_LT((found - covariance).cwiseAbs().maxCoeff(), 0.03 * greatest);
}

TEST(FantasiesTest, EachKnowsItsOwnValues) {
  const GaussianProcess process = NoisyWave();
  const Fantasies fantasies(process, 16);
  MatrixXd means;
  VectorXd variance;
  fantasies.Predict(process.x(), &means, &variance);
  EXPECT_LT((means - fantasies.values()).cwiseAbs().maxCoeff(), 1e-3);
  EXPECT_LT(variance.maxCoeff(), 1e-4);
}

TEST(FantasiesTest, OnePointIsAsManyAndItsGradientsHold) {
  const GaussianProcess process = NoisyWave();
  const Fantasies fantasies(process, 8);
  const Eigen::Vector2d point(0.42, 0.77);
  const Fantasies::At at = fantasies.Predict(VectorXd(point));
  MatrixXd means;
  VectorXd variance;
  fantasies.Predict(MatrixXd(point.transpose()), &means, &variance);
  for (int s = 0; s < 8; ++s) EXPECT_NEAR(at.means(s), means(0, s), 1e-9);
  EXPECT_NEAR(at.variance, variance(0), 1e-9);
  for (int i = 0; i < 2; ++i) {
    const VectorXd step = 1e-5 * VectorXd::Unit(2, i);
    const Fantasies::At above = fantasies.Predict(VectorXd(point + step));
    const Fantasies::At below = fantasies.Predict(VectorXd(point - step));
    EXPECT_NEAR(at.variance_gradient(i),
                (above.variance - below.variance) / 2e-5, 1e-6);
    for (int s = 0; s < 8; ++s) {
      EXPECT_NEAR(at.mean_gradients(i, s),
                  (above.means(s) - below.means(s)) / 2e-5, 1e-5);
    }
  }
}

}  // namespace
}  // namespace airlock
