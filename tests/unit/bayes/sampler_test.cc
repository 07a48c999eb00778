#include "calibration/bayes/sampler.h"

#include <gtest/gtest.h>

#include <cmath>

namespace airlock {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kLogTwoPi = 1.8378770664093453;

// Normal with correlation 0.9, standard deviations 1 and 10, weight e^3.
double Correlated(const VectorXd& x) {
  const double a = x(0), b = x(1) / 10, rho = 0.9;
  const double q = (a * a - 2 * rho * a * b + b * b) / (1 - rho * rho);
  return 3 - 0.5 * q - kLogTwoPi - std::log(10 * std::sqrt(1 - rho * rho));
}

MatrixXd Starts(double distance) {
  return (MatrixXd(4, 2) << -distance, 0, distance, 0, 0, 10 * distance, 0,
          -10 * distance)
      .finished();
}

TEST(SamplerTest, FindsMomentsAndEvidenceOfANormal) {
  MetropolisOptions options;
  options.draws = 4000;
  const PosteriorSample sample = SamplePosterior(
      Correlated, Starts(3), VectorXd::Ones(2), options, RngTree(1), "test");
  ASSERT_TRUE(sample.converged) << sample.reason;
  EXPECT_NEAR(sample.acceptance, 0.3, 0.15);
  const MatrixXd draws = sample.Pooled();
  const double error = 4 / std::sqrt(sample.effective.minCoeff());
  EXPECT_NEAR(draws.col(0).mean(), 0, error);
  EXPECT_NEAR(draws.col(1).mean(), 0, 10 * error);
  EXPECT_NEAR(draws.col(0).squaredNorm() / draws.rows(), 1, 2 * error);
  EXPECT_NEAR(draws.col(0).dot(draws.col(1)) / draws.rows(), 9, 20 * error);
  double standard_error = 0;
  const double evidence = LogEvidence(
      Correlated, draws, 4000, RngTree(1).Stream("evidence", Replication(0)),
      &standard_error);
  EXPECT_LT(standard_error, 0.03);
  EXPECT_NEAR(evidence, 3, 4 * standard_error + 1e-3);
}

TEST(SamplerTest, GoesBetweenTwoModes) {
  const auto modes = [](const VectorXd& x) {
    return std::log(std::exp(-0.5 * std::pow((x(0) - 30) / 0.5, 2)) +
                    std::exp(-0.5 * std::pow((x(0) + 30) / 0.5, 2)) + 1e-300);
  };
  const PosteriorSample sample =
      SamplePosterior(modes, (MatrixXd(4, 1) << -30, -30, 30, 30).finished(),
                      VectorXd::Constant(1, 0.5), {}, RngTree(1), "test");
  ASSERT_TRUE(sample.converged) << sample.reason;
  EXPECT_NEAR((sample.Pooled().array() > 0).cast<double>().mean(), 0.5, 0.1);
}

TEST(SamplerTest, SaysThatItHasNotConverged) {
  MetropolisOptions options;
  options.warmup = 20;
  options.draws = 20;
  options.doublings = 1;
  const PosteriorSample sample =
      SamplePosterior(Correlated, Starts(30), VectorXd::Constant(2, 0.01),
                      options, RngTree(1), "test");
  EXPECT_FALSE(sample.converged);
  EXPECT_GT(sample.r_hat.maxCoeff(), 1.5);
  EXPECT_NE(sample.reason.find("has not converged after 40 draws of each of 4 "
                               "chains: R-hat "),
            std::string::npos)
      << sample.reason;
}

// An AR(1) process has n (1 - rho) / (1 + rho) effective samples.
TEST(SamplerTest, CountsEffectiveSamplesOfAnAutoregression) {
  RngStream stream = RngTree(5).Stream("ar", Replication(0));
  for (double rho : {-0.4, 0.0, 0.6, 0.9}) {
    MatrixXd chains(5000, 4);
    for (int c = 0; c < 4; ++c) {
      double x = stream.Normal(0, 1 / std::sqrt(1 - rho * rho));
      for (int i = 0; i < 5000; ++i) {
        x = rho * x + stream.Normal(0, 1);
        chains(i, c) = x;
      }
    }
    const double expected = 20000 * (1 - rho) / (1 + rho);
    EXPECT_NEAR(EffectiveSamples(chains), expected, 0.2 * expected) << rho;
    EXPECT_LT(SplitRHat(chains), 1.01) << rho;
  }
}

TEST(SamplerTest, RHatSeesUnequalMeansScalesAndDrift) {
  RngStream stream = RngTree(5).Stream("rhat", Replication(0));
  MatrixXd same(1000, 4);
  for (double& x : same.reshaped()) x = stream.Normal(0, 1);
  MatrixXd mean = same, scale = same, drift = same;
  mean.col(2).array() += 1;
  scale.col(1) *= 4;
  for (int i = 0; i < 1000; ++i) drift.row(i).array() += 2e-3 * i;
  EXPECT_LT(SplitRHat(same), 1.01);
  EXPECT_GT(SplitRHat(mean), 1.05);
  EXPECT_GT(SplitRHat(scale), 1.05);
  EXPECT_GT(SplitRHat(drift), 1.05);
}

TEST(SamplerTest, SameSeedSameDraws) {
  MetropolisOptions options;
  options.warmup = options.draws = 200;
  options.fewest_effective = 1;
  options.most_r_hat = 100;
  const auto run = [&](uint64_t seed) {
    return SamplePosterior(Correlated, Starts(1), VectorXd::Ones(2), options,
                           RngTree(seed), "test")
        .Pooled();
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
}

}  // namespace
}  // namespace airlock
