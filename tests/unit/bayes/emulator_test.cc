#include "calibration/bayes/emulator.h"

#include <gtest/gtest.h>

#include <cmath>

#include "sim/optimisation/sobol.h"

namespace airlock {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

MatrixXd Outputs(const MatrixXd& x) {
  MatrixXd y(x.rows(), 3);
  y.col(0) = (6 * x.col(0).array()).sin() + x.col(1).array().square();
  y.col(1).setConstant(7);
  y.col(2) = 1e9 * (x.col(0) - x.col(1)).array().exp();
  return y;
}

MatrixXd Points(int count, int64_t replication) {
  return ShiftedSobol(count, 2, 1,
                      RngTree(1).Stream("points", Replication(replication)));
}

TEST(EmulatorTest, ForetellsNewPointsAndKnowsHowWell) {
  const MatrixXd x = Points(40, 0), fresh = Points(200, 1);
  const Emulator emulator(x, Outputs(x), VectorXd::Zero(3));
  MatrixXd mean, variance;
  emulator.Predict(fresh, &mean, &variance);
  const MatrixXd truth = Outputs(fresh);
  for (int k : {0, 2}) {
    const Eigen::ArrayXd error = (truth.col(k) - mean.col(k)).array();
    const double spread =
        (truth.col(k).array() - truth.col(k).mean()).square().mean();
    EXPECT_LT(error.square().mean(), 1e-3 * spread) << k;
    const double within =
        (error.square() <= 4 * variance.col(k).array() + 1e-12 * spread)
            .cast<double>()
            .mean();
    EXPECT_GT(within, 0.85) << k;
  }
  EXPECT_EQ(mean(17, 1), 7);
  EXPECT_EQ(variance(17, 1), 0);
  const EmulatorCheck check = emulator.LeaveOneOut();
  EXPECT_GT(check.coverage, 0.85);
  EXPECT_LT(check.error, 0.1);
}

// Against fits without the point.
TEST(EmulatorTest, LeavingOneOutIsWhatAFitWithoutItSays) {
  const MatrixXd x = Points(12, 0);
  const VectorXd y = Outputs(x).col(0);
  const VectorXd noise = VectorXd::Constant(12, 1e-3);
  GaussianProcessOptions options;
  options.standardise = false;
  GaussianProcess all(options);
  KernelParameters kernel{VectorXd::Constant(2, 0.5), 1, 1e-3};
  all.Condition(x, y, noise, kernel);
  VectorXd mean, variance;
  all.LeaveOneOut(&mean, &variance);
  // eq. 5.12 for a known constant mean: take the residuals' one.
  const double constant = all.constant_mean();
  for (int i = 0; i < 12; ++i) {
    MatrixXd covariance = Covariances(Kernel::kMatern52, kernel, x, x) +
                          MatrixXd(noise.asDiagonal());
    VectorXd cross = covariance.col(i);
    VectorXd left = y.array() - constant;
    std::vector<int> others;
    for (int j = 0; j < 12; ++j) {
      if (j != i) others.push_back(j);
    }
    const MatrixXd k = covariance(others, others);
    const VectorXd c = cross(others), r = left(others);
    const VectorXd weights = k.llt().solve(c);
    EXPECT_NEAR(mean(i), constant + weights.dot(r), 1e-9);
    EXPECT_NEAR(variance(i), covariance(i, i) - weights.dot(c), 1e-9);
  }
}

}  // namespace
}  // namespace airlock
