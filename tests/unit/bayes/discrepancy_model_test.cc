#include "calibration/bayes/discrepancy_model.h"

#include <gtest/gtest.h>

#include <cmath>

#include "calibration/bayes/rank_calibration.h"
#include "sim/optimisation/kernel.h"

namespace airlock {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kLogTwoPi = 1.8378770664093453;

// A straight line that is asked of a bent truth: y = 1 + 0.8 x + bend, where
// bend = 0.4 - 1.5 (x - 0.5)^2, at most 0.4 in the middle and 0.025 at the
// ends. The model knows a line a + b x, so a (truth 1) is sought with the bend
// in the way: the linear-Gaussian case of Kennedy and O'Hagan's argument.
struct Case {
  static constexpr int kPoints = 12;
  static constexpr double kNoise = 0.1;
  // Parameters: a = -9 + 20 u_0, b = -10 + 20 u_1.
  static constexpr double kWidth = 20;

  VectorXd x = VectorXd::LinSpaced(kPoints, 0, 1);
  VectorXd y;
  MatrixXd design{kPoints, 2};

  Case() {
    RngStream stream = RngTree(11).Stream("case", Replication(0));
    y = 1 + 0.8 * x.array() - 1.5 * (x.array() - 0.5).square() + 0.4;
    for (double& value : y) value += stream.Normal(0, kNoise);
    design << VectorXd::Ones(kPoints), x;
  }

  OutputFunction Line() const {
    return [x = x](const VectorXd& u, VectorXd* mean, VectorXd* variance) {
      *mean = (-9 + kWidth * u(0)) + ((-10 + kWidth * u(1)) * x).array();
      *variance = VectorXd::Zero(x.size());
    };
  }

  OutputGroup Group() const {
    OutputGroup group;
    group.name = "y";
    for (Index i = 0; i < kPoints; ++i) group.outputs.push_back(i);
    group.inputs = x;
    group.observed = y;
    group.noise_variance = VectorXd::Constant(kPoints, kNoise * kNoise);
    group.tolerance = 0.3;
    return group;
  }
};

// Posterior of a line's coefficients with a flat prior of density 1 / 400,
// given the covariance of what is left; exact but for the prior's far ends.
struct Exact {
  VectorXd mean;
  MatrixXd covariance;
  double log_evidence = 0;
};
Exact Solve(const Case& c, const MatrixXd& covariance) {
  const Eigen::LLT<MatrixXd> factor(covariance);
  const MatrixXd precision = c.design.transpose() * factor.solve(c.design);
  Exact exact;
  exact.covariance = precision.inverse();
  exact.mean = exact.covariance * (c.design.transpose() * factor.solve(c.y));
  const VectorXd residual = c.y - c.design * exact.mean;
  exact.log_evidence = -0.5 * residual.dot(factor.solve(residual)) -
                       factor.matrixLLT().diagonal().array().log().sum() -
                       0.5 * kLogTwoPi * static_cast<double>(c.y.size()) +
                       kLogTwoPi +
                       0.5 * std::log(exact.covariance.determinant()) -
                       2 * std::log(Case::kWidth);
  return exact;
}

struct Summary {
  double mean = 0, sd = 0, log_evidence = 0;
};
Summary Calibrate(const Case& c, Discrepancy discrepancy) {
  const DiscrepancyModel model(c.Line(), 2, {c.Group()}, discrepancy);
  MetropolisOptions options;
  options.draws = 4000;
  const PosteriorSample sample = model.Sample(options, RngTree(2), "test");
  EXPECT_TRUE(sample.converged) << sample.reason;
  const MatrixXd draws = sample.Pooled();
  const VectorXd a = -9 + Case::kWidth * draws.col(0).array();
  Summary summary;
  summary.mean = a.mean();
  summary.sd = std::sqrt((a.array() - a.mean()).square().mean());
  summary.log_evidence = LogEvidence(
      [&](const VectorXd& point) { return model.LogDensity(point); }, draws,
      20000, RngTree(2).Stream("evidence", Replication(0)), nullptr);
  return summary;
}

TEST(DiscrepancyModelTest, WithoutDiscrepancyItIsTheLinearRegression) {
  const Case c;
  const Exact exact =
      Solve(c, Case::kNoise * Case::kNoise *
                   MatrixXd::Identity(Case::kPoints, Case::kPoints));
  const Summary found = Calibrate(c, Discrepancy::kNone);
  const double sd = std::sqrt(exact.covariance(0, 0));
  EXPECT_NEAR(found.mean, exact.mean(0), 0.1 * sd);
  EXPECT_NEAR(found.sd, sd, 0.1 * sd);
  EXPECT_NEAR(found.log_evidence, exact.log_evidence, 0.05);
}

// The exact answer is a mixture over the hyperparameters of linear regressions
// with correlated noise: summed on a grid.
TEST(DiscrepancyModelTest, WithDiscrepancyItIsTheMixtureOfRegressions) {
  const Case c;
  double total = 0, mean = 0, square = 0;
  const double step = 0.1;
  for (double s = -4.5; s <= 4.5; s += step) {
    for (double l = -4.5; l <= 4.5; l += step) {
      KernelParameters kernel{
          VectorXd::Constant(1, std::exp(std::log(0.5) + 0.7 * l)),
          std::exp(2 * (std::log(0.3) + s)), 0};
      const Exact exact = Solve(
          c, Covariances(Kernel::kMatern52, kernel, c.x, c.x) +
                 MatrixXd(Case::kNoise * Case::kNoise *
                          MatrixXd::Identity(Case::kPoints, Case::kPoints)));
      const double weight =
          std::exp(exact.log_evidence - 0.5 * (s * s + l * l) - kLogTwoPi) *
          step * step;
      total += weight;
      mean += weight * exact.mean(0);
      square += weight * (exact.covariance(0, 0) + std::pow(exact.mean(0), 2));
    }
  }
  mean /= total;
  const double sd = std::sqrt(square / total - mean * mean);
  const Summary found = Calibrate(c, Discrepancy::kGaussianProcess);
  EXPECT_NEAR(found.mean, mean, 0.15 * sd);
  EXPECT_NEAR(found.sd, sd, 0.15 * sd);
  EXPECT_NEAR(found.log_evidence, std::log(total), 0.1);
}

// What the term is for: without it the truth, 1, is more than two standard
// deviations out; with it the posterior covers, and the evidence is greater.
TEST(DiscrepancyModelTest, OnlyTheDiscrepancyTermCoversTheTruth) {
  const Case c;
  const Summary without = Calibrate(c, Discrepancy::kNone);
  const Summary with = Calibrate(c, Discrepancy::kGaussianProcess);
  RecordProperty("without", std::to_string(without.mean));
  EXPECT_GT(std::abs(without.mean - 1), 2 * without.sd)
      << without.mean << " +- " << without.sd;
  EXPECT_LT(std::abs(with.mean - 1), 2 * with.sd)
      << with.mean << " +- " << with.sd;
  EXPECT_GT(with.sd, 2 * without.sd);
  EXPECT_GT(with.log_evidence, without.log_evidence);
}

TEST(DiscrepancyModelTest, ForetellsTheBendBetweenPoints) {
  const Case c;
  const DiscrepancyModel model(c.Line(), 2, {c.Group()},
                               Discrepancy::kGaussianProcess);
  // At the true line, with a discrepancy of 0.3 that reaches 0.5.
  VectorXd point(4);
  point << 10.0 / Case::kWidth, 10.8 / Case::kWidth, std::log(0.3),
      std::log(0.5);
  const MatrixXd at = (MatrixXd(2, 1) << 0.45, 30).finished();
  VectorXd mean, variance;
  model.Foretell(point, 0, at, &mean, &variance);
  EXPECT_NEAR(mean(0), 0.4, 0.1);
  EXPECT_LT(variance(0), 0.01);
  EXPECT_NEAR(mean(1), 0, 1e-6);  // far away nothing is known
  EXPECT_NEAR(variance(1), 0.09, 1e-6);
}

// Talts et al.: 19 draws, 20 bins, 30.14; two parameters share the 5 %.
TEST(RankCalibrationTest, RanksAreUniformForTheModelAndNotForAWrongOne) {
  EXPECT_NEAR(ChiSquareOfUniform({6, 4, 5, 5}), 0.4, 1e-12);
  const auto slope = [](const VectorXd& u, VectorXd* mean, VectorXd* variance) {
    *mean = u(0) * VectorXd::LinSpaced(6, 0, 1);
    *variance = VectorXd::Zero(6);
  };
  OutputGroup group;
  group.outputs = {0, 1, 2, 3, 4, 5};
  group.inputs = VectorXd::LinSpaced(6, 0, 1);
  group.observed = VectorXd::Zero(6);
  group.noise_variance = VectorXd::Constant(6, 0.04);
  group.tolerance = 0.2;
  const DiscrepancyModel model(slope, 1, {group},
                               Discrepancy::kGaussianProcess);
  RankOptions options;
  options.simulations = 300;
  options.warmup = 600;
  options.thin = 25;
  const RankHistogram good = CheckRanks(model, model, options, RngTree(1));
  EXPECT_NEAR(good.limit, 30.14, 0.01);
  EXPECT_TRUE(good.uniform()) << good.greatest();

  // Measurements with more noise than the model believes: overconfident.
  group.noise_variance *= 16;
  const DiscrepancyModel noisy(slope, 1, {group}, Discrepancy::kNone);
  group.noise_variance /= 16;
  const DiscrepancyModel bare(slope, 1, {group}, Discrepancy::kNone);
  EXPECT_FALSE(CheckRanks(noisy, bare, options, RngTree(1)).uniform());
}

}  // namespace
}  // namespace airlock
