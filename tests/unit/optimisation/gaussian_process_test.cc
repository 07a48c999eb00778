#include "sim/optimisation/gaussian_process.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "sim/base/rng.h"

namespace airlock {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Training {
  MatrixXd x{6, 2};
  VectorXd y{6};
  VectorXd noise{6};
  KernelParameters parameters;
};

Training SixPoints() {
  Training training;
  training.x << 0.05, 0.90, 0.30, 0.20, 0.45, 0.65, 0.70, 0.40, 0.85, 0.95,
      0.95, 0.10;
  training.y << 3.5, -1.25, 0.5, 2.75, -0.5, 1.0;
  training.noise << 0.01, kNaN, 0.04, kNaN, 0, 0.25;
  training.parameters.length_scales = Eigen::Vector2d(0.4, 0.8);
  training.parameters.signal_variance = 1.7;
  training.parameters.noise_variance = 0.003;
  return training;
}

MatrixXd ThreePoints() {
  MatrixXd points(3, 2);
  points << 0.2, 0.5, 0.7, 0.4, 1.5, -0.5;
  return points;
}

GaussianProcess Conditioned(const Training& training, Kernel kernel) {
  GaussianProcessOptions options;
  options.kernel = kernel;
  GaussianProcess process(options);
  process.Condition(training.x, training.y, training.noise,
                    training.parameters);
  return process;
}

struct Expected {
  double log_likelihood;
  double constant_mean;
  double mean[3];
  double variance[3];
  double covariance01;
};

// From the matrix formulas of Rasmussen and Williams in mpmath, 60 digits.
const Expected kMatern = {
    -11.025074619615112,
    0.57545893938263632,
    {0.24873689619386629, 2.7276560981861029, 0.23153976587922646},
    {0.57204316124216808, 0.01004468443963284, 5.2878122440228727},
    -0.0018206550279334004};
const Expected kSquaredExponential = {
    -16.768081038711931,
    -0.20091408977814367,
    {-0.080795413516548032, 2.6893536778883001, -1.8743144406237311},
    {0.14683157067551875, 0.0099171758131661193, 4.8254878346381606},
    -0.0030222969167397371};

void ExpectEqual(const GaussianProcess& process, const Expected& expected) {
  EXPECT_EQ(process.jitter(), 0);
  EXPECT_NEAR(process.constant_mean(), expected.constant_mean, 1e-12);
  EXPECT_NEAR(process.LogMarginalLikelihood(process.parameters(), nullptr),
              expected.log_likelihood, 1e-11);
  const MatrixXd points = ThreePoints();
  VectorXd mean, variance;
  process.Predict(points, &mean, &variance);
  for (int i = 0; i < 3; ++i) {
    const Prediction one = process.Predict(points.row(i), false);
    EXPECT_NEAR(one.mean, expected.mean[i], 1e-11);
    EXPECT_NEAR(one.variance, expected.variance[i], 1e-11);
    EXPECT_NEAR(mean(i), expected.mean[i], 1e-11);
    EXPECT_NEAR(variance(i), expected.variance[i], 1e-11);
    EXPECT_EQ(one.mean_gradient.size(), 0);
  }
  const MatrixXd covariance = process.Covariance(points);
  EXPECT_NEAR(covariance(0, 1), expected.covariance01, 1e-11);
  EXPECT_NEAR(covariance(1, 0), expected.covariance01, 1e-11);
  EXPECT_NEAR(covariance(2, 2), expected.variance[2], 1e-11);
}

TEST(GaussianProcessTest, PosteriorOfMatern) {
  ExpectEqual(Conditioned(SixPoints(), Kernel::kMatern52), kMatern);
}

TEST(GaussianProcessTest, PosteriorOfSquaredExponential) {
  ExpectEqual(Conditioned(SixPoints(), Kernel::kSquaredExponential),
              kSquaredExponential);
}

TEST(GaussianProcessTest, GradientsAreThoseOfTheLikelihood) {
  for (Kernel kernel : {Kernel::kMatern52, Kernel::kSquaredExponential}) {
    const GaussianProcess process = Conditioned(SixPoints(), kernel);
    VectorXd gradient, prior_gradient;
    process.LogMarginalLikelihood(process.parameters(), &gradient);
    GaussianProcess::LogPrior(process.parameters(), &prior_gradient);
    ASSERT_EQ(gradient.size(), 4);
    for (int i = 0; i < 4; ++i) {
      const double step = 1e-5;
      double likelihood = 0, prior = 0;
      for (double sign : {1.0, -1.0}) {
        KernelParameters moved = process.parameters();
        double& moved_one = i < 2    ? moved.length_scales(i)
                            : i == 2 ? moved.signal_variance
                                     : moved.noise_variance;
        moved_one *= std::exp(sign * step);
        likelihood += sign * process.LogMarginalLikelihood(moved, nullptr);
        prior += sign * GaussianProcess::LogPrior(moved, nullptr);
      }
      EXPECT_NEAR(gradient(i), likelihood / (2 * step), 1e-7) << i;
      EXPECT_NEAR(prior_gradient(i), prior / (2 * step), 1e-7) << i;
    }
  }
}

TEST(GaussianProcessTest, GradientsAreThoseOfThePrediction) {
  for (Kernel kernel : {Kernel::kMatern52, Kernel::kSquaredExponential}) {
    const GaussianProcess process = Conditioned(SixPoints(), kernel);
    for (int p = 0; p < 3; ++p) {
      const VectorXd point = ThreePoints().row(p);
      const Prediction at = process.Predict(point, true);
      for (int i = 0; i < 2; ++i) {
        const VectorXd step = 1e-5 * VectorXd::Unit(2, i);
        const Prediction above = process.Predict(point + step, false);
        const Prediction below = process.Predict(point - step, false);
        EXPECT_NEAR(at.mean_gradient(i), (above.mean - below.mean) / 2e-5,
                    1e-7);
        EXPECT_NEAR(at.variance_gradient(i),
                    (above.variance - below.variance) / 2e-5, 1e-7);
      }
    }
  }
}

TEST(GaussianProcessTest, AddedPointsAreAsIfThereFromTheStart) {
  const Training all = SixPoints();
  GaussianProcessOptions options;
  options.standardise = false;
  GaussianProcess grown(options), whole(options);
  grown.Condition(all.x.topRows(3), all.y.head(3), all.noise.head(3),
                  all.parameters);
  for (int i = 3; i < 6; ++i) {
    grown.Add(all.x.row(i), all.y(i), all.noise(i));
  }
  whole.Condition(all.x, all.y, all.noise, all.parameters);
  EXPECT_EQ(grown.size(), 6);
  EXPECT_NEAR(grown.constant_mean(), whole.constant_mean(), 1e-12);
  EXPECT_NEAR(grown.LogMarginalLikelihood(all.parameters, nullptr),
              whole.LogMarginalLikelihood(all.parameters, nullptr), 1e-12);
  for (int i = 0; i < 3; ++i) {
    const VectorXd point = ThreePoints().row(i);
    EXPECT_NEAR(grown.Predict(point, false).mean,
                whole.Predict(point, false).mean, 1e-12);
    EXPECT_NEAR(grown.Predict(point, false).variance,
                whole.Predict(point, false).variance, 1e-12);
  }
}

TEST(GaussianProcessTest, ExactPointTwiceNeedsJitterOnly) {
  MatrixXd x(4, 1);
  x << 0.1, 0.5, 0.5, 0.9;
  VectorXd y(4);
  y << 1, 2, 2, 3;
  GaussianProcess process;
  process.Fit(x, y, VectorXd::Zero(4));
  EXPECT_GT(process.jitter(), 0);
  EXPECT_LT(process.jitter(), 1e-6);
  const Prediction between = process.Predict(VectorXd::Constant(1, 0.5), true);
  EXPECT_NEAR(between.mean, 2, 1e-4);
  EXPECT_GE(between.variance, 0);
  process.Add(VectorXd::Constant(1, 0.5), 2, 0);
  EXPECT_NEAR(process.Predict(VectorXd::Constant(1, 0.5), false).mean, 2, 1e-4);
}

TEST(GaussianProcessTest, OnePointAndEqualValuesFit) {
  GaussianProcess process;
  process.Fit(MatrixXd::Constant(1, 3, 0.5), VectorXd::Constant(1, 7),
              VectorXd::Constant(1, kNaN));
  EXPECT_EQ(process.Predict(VectorXd::Zero(3), false).mean, 7);
  process.Fit(MatrixXd::Random(5, 3), VectorXd::Constant(5, 0.1),
              VectorXd::Constant(5, kNaN));
  const Prediction prediction = process.Predict(VectorXd::Zero(3), true);
  EXPECT_NEAR(prediction.mean, 0.1, 1e-12);
  EXPECT_TRUE(prediction.mean_gradient.allFinite());
}

TEST(GaussianProcessTest, HugeAndTinyValuesScale) {
  const Training training = SixPoints();
  const VectorXd point = ThreePoints().row(0);
  const VectorXd exact = VectorXd::Zero(6);
  GaussianProcess one, scaled;
  one.Fit(training.x, training.y, exact);
  const Prediction expected = one.Predict(point, false);
  for (double unit : {0x1p-400, 0x1p400}) {
    scaled.Fit(training.x, training.y * unit, exact);
    EXPECT_NEAR(scaled.Predict(point, false).mean / unit, expected.mean, 1e-6);
  }
}

// The parameters of a draw from a process come back from its values.
TEST(GaussianProcessTest, FitFindsTheScalesOfADraw) {
  const int n = 120;
  RngStream stream(17);
  MatrixXd x(n, 2);
  VectorXd normal(n);
  for (int i = 0; i < n; ++i) {
    x(i, 0) = stream.Uniform();
    x(i, 1) = stream.Uniform();
    normal(i) = stream.Normal(0, 1);
  }
  // Prior covariance by an empty process: one far point does not matter.
  GaussianProcessOptions options;
  options.standardise = false;
  GaussianProcess prior(options);
  KernelParameters truth;
  truth.length_scales = Eigen::Vector2d(0.2, 0.6);
  truth.signal_variance = 4;
  prior.Condition(MatrixXd::Constant(1, 2, 1e3), VectorXd::Zero(1),
                  VectorXd::Zero(1), truth);
  MatrixXd covariance = prior.Covariance(x);
  covariance.diagonal().array() += 0.04;  // noise
  const VectorXd y = covariance.llt().matrixL() * normal;

  GaussianProcess process(options);
  process.Fit(x, y, VectorXd::Constant(n, kNaN));
  EXPECT_NEAR(std::log(process.parameters().length_scales(0) / 0.2), 0, 0.4);
  EXPECT_NEAR(std::log(process.parameters().length_scales(1) / 0.6), 0, 0.4);
  EXPECT_NEAR(std::log(process.parameters().signal_variance / 4), 0, 0.9);
  EXPECT_NEAR(std::log(process.parameters().noise_variance / 0.04), 0, 0.6);
}

}  // namespace
}  // namespace airlock
