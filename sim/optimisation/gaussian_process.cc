#include "sim/optimisation/gaussian_process.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "sim/base/error.h"
#include "sim/optimisation/box_minimiser.h"

namespace airlock {
namespace {

using Eigen::ArrayXd;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kPi = 3.14159265358979323846;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

constexpr double kMostNoise = 1e8;

// Where the parameters are sought.
constexpr double kLeastLengthScale = 0.005, kGreatestLengthScale = 1000;
constexpr double kLeastSignal = 1e-3, kGreatestSignal = 1e4;
constexpr double kLeastNoise = 1e-9, kGreatestNoise = 10;

// The priors: normal in the logarithm, by their mean and standard deviation.
// That of a length scale is Hvarfner's, whose density of the length scale
// itself (location sqrt(2)) has its mode one squared spread lower.
constexpr double kLengthLocation = 1.4142135623730951 - 3;  // + log(d) / 2
constexpr double kLengthSpread = 1.7320508075688772;
constexpr double kSignalLocation = 0, kSignalSpread = 2;
constexpr double kNoiseLocation = -9.2, kNoiseSpread = 3;

ArrayXd InverseSquares(const VectorXd& length_scales) {
  return length_scales.array().square().inverse();
}

// Pair (i, j), j < i, is row i(i-1)/2 + j.
void WriteSquares(const MatrixXd& x, int i, MatrixXd* squares) {
  for (int j = 0; j < i; ++j) {
    squares->row(i * (i - 1) / 2 + j) =
        (x.row(i) - x.row(j)).array().square().matrix();
  }
}

// The lower triangle of the symmetric matrix with `pairs` below and `diagonal`
// on the diagonal.
MatrixXd LowerTriangle(const ArrayXd& pairs, const VectorXd& diagonal) {
  const int n = static_cast<int>(diagonal.size());
  MatrixXd lower = MatrixXd::Zero(n, n);
  lower.diagonal() = diagonal;
  for (int i = 0, p = 0; i < n; ++i) {
    for (int j = 0; j < i; ++j) lower(i, j) = pairs(p++);
  }
  return lower;
}

// The generalised least squares estimate of a constant (eq. 2.42).
double ConstantMean(const MatrixXd& lower, const VectorXd& y) {
  const VectorXd weights = CholeskySolve(lower, VectorXd::Ones(y.size()));
  return weights.dot(y) / weights.sum();
}

// Noise so great that the value says nothing is bounded, so that the
// covariance stays finite; NaN stays NaN.
VectorXd Standardised(const VectorXd& noise_variance, double scale) {
  return noise_variance.unaryExpr([&](double variance) {
    const double standardised = variance / scale / scale;
    return standardised > kMostNoise ? kMostNoise : standardised;
  });
}

VectorXd ToLogs(const KernelParameters& parameters) {
  const int d = static_cast<int>(parameters.length_scales.size());
  VectorXd logs(d + 2);
  logs.head(d) = parameters.length_scales.array().log();
  logs(d) = std::log(parameters.signal_variance);
  logs(d + 1) = std::log(parameters.noise_variance);
  return logs;
}

KernelParameters FromLogs(const VectorXd& logs) {
  const int d = static_cast<int>(logs.size()) - 2;
  return {logs.head(d).array().exp(), std::exp(logs(d)), std::exp(logs(d + 1))};
}

}  // namespace

GaussianProcess::GaussianProcess(GaussianProcessOptions options)
    : options_(options) {}

void GaussianProcess::SetTraining(const MatrixXd& x, const VectorXd& y,
                                  const VectorXd& noise_variance) {
  const int n = static_cast<int>(y.size());
  AIRLOCK_CHECK(n >= 1 && x.rows() == n && noise_variance.size() == n);
  AIRLOCK_CHECK(x.allFinite() && y.allFinite());
  x_ = x;
  centre_ = 0;
  scale_ = 1;
  if (options_.standardise) {
    // Scaled by the greatest value first, so that squares do not overflow.
    const double greatest = std::max(y.cwiseAbs().maxCoeff(), 1e-300);
    const ArrayXd scaled = y.array() / greatest;
    const double mean = scaled.mean();
    const double deviation =
        n > 1 ? std::sqrt((scaled - mean).square().sum() / (n - 1)) : 0;
    centre_ = greatest * mean;
    // Values that differ by rounding only are equal.
    if (deviation > 1e-13) scale_ = greatest * deviation;
  }
  y_ = (y.array() - centre_) / scale_;
  noise_ = Standardised(noise_variance, scale_);
  squares_.resize(n * (n - 1) / 2, x.cols());
  for (int i = 1; i < n; ++i) WriteSquares(x_, i, &squares_);
}

VectorXd GaussianProcess::NoiseOnDiagonal(double learnt) const {
  return noise_.array().isNaN().select(learnt, noise_);
}

double GaussianProcess::LogMarginalLikelihood(
    const KernelParameters& parameters, VectorXd* gradient) const {
  const int n = size();
  const int d = static_cast<int>(x_.cols());
  const double signal = parameters.signal_variance;
  const ArrayXd inverse_squares = InverseSquares(parameters.length_scales);
  const Radial radial = EvaluateRadial(
      options_.kernel, (squares_ * inverse_squares.matrix()).array());
  MatrixXd lower;
  const MatrixXd covariance = LowerTriangle(
      signal * radial.value,
      NoiseOnDiagonal(parameters.noise_variance).array() + signal);
  if (JitteredCholesky(covariance, signal, &lower) < 0) return -kInfinity;
  const VectorXd centred = y_.array() - ConstantMean(lower, y_);
  const VectorXd alpha = CholeskySolve(lower, centred);
  const double value = -0.5 * centred.dot(alpha) -
                       lower.diagonal().array().log().sum() -
                       0.5 * n * std::log(2 * kPi);
  if (gradient == nullptr) return value;

  // Eq. 5.9. The constant mean is at its optimum, so that its own change does
  // not count. Pairs stand twice in the trace, the diagonal once.
  const MatrixXd inverse_factor =
      lower.triangularView<Eigen::Lower>().solve(MatrixXd::Identity(n, n));
  MatrixXd inverse = MatrixXd::Zero(n, n);
  inverse.selfadjointView<Eigen::Lower>().rankUpdate(
      inverse_factor.transpose());
  ArrayXd weights(squares_.rows());
  for (int i = 0, p = 0; i < n; ++i) {
    for (int j = 0; j < i; ++j) {
      weights(p++) = alpha(i) * alpha(j) - inverse(i, j);
    }
  }
  const ArrayXd own = alpha.array().square() - inverse.diagonal().array();
  gradient->resize(d + 2);
  gradient->head(d) =
      (squares_.transpose() * (signal * weights * radial.slope).matrix())
          .cwiseProduct(inverse_squares.matrix());
  (*gradient)(d) = signal * ((weights * radial.value).sum() + 0.5 * own.sum());
  (*gradient)(d + 1) = 0.5 * parameters.noise_variance *
                       noise_.array().isNaN().select(own, 0.0).sum();
  return value;
}

double GaussianProcess::LogPrior(const KernelParameters& parameters,
                                 VectorXd* gradient) {
  const VectorXd logs = ToLogs(parameters);
  const int d = static_cast<int>(logs.size()) - 2;
  VectorXd location(d + 2), spread(d + 2);
  location.head(d).setConstant(kLengthLocation + 0.5 * std::log(d));
  spread.head(d).setConstant(kLengthSpread);
  location(d) = kSignalLocation;
  spread(d) = kSignalSpread;
  location(d + 1) = kNoiseLocation;
  spread(d + 1) = kNoiseSpread;
  const ArrayXd z = (logs - location).array() / spread.array();
  if (gradient != nullptr) *gradient = -z / spread.array();
  return -0.5 * z.square().sum();
}

void GaussianProcess::Fit(const MatrixXd& x, const VectorXd& y,
                          const VectorXd& noise_variance) {
  SetTraining(x, y, noise_variance);
  const int d = static_cast<int>(x.cols());
  const auto objective = [this](const VectorXd& logs, VectorXd* gradient) {
    const KernelParameters parameters = FromLogs(logs);
    VectorXd prior_gradient;
    const double likelihood = LogMarginalLikelihood(parameters, gradient);
    const double prior = LogPrior(parameters, &prior_gradient);
    if (!std::isfinite(likelihood)) return kInfinity;
    *gradient = -(*gradient + prior_gradient) / size();
    return -(likelihood + prior) / size();
  };
  KernelParameters least{VectorXd::Constant(d, kLeastLengthScale), kLeastSignal,
                         kLeastNoise};
  KernelParameters greatest{VectorXd::Constant(d, kGreatestLengthScale),
                            kGreatestSignal, kGreatestNoise};
  BoxMinimiserOptions options;
  options.iterations = options_.iterations;
  options.tolerance = 1e-4;
  options.first_step = 1;
  // One start where the function is smooth, one where it is not.
  BoxMinimum best;
  best.value = kInfinity;
  for (double length : {0.3, 1.0}) {
    const KernelParameters start{VectorXd::Constant(d, length * std::sqrt(d)),
                                 1, 1e-4};
    const BoxMinimum found = MinimiseInBox(
        objective, ToLogs(start), ToLogs(least), ToLogs(greatest), options);
    if (best.point.size() == 0 || found.value < best.value) best = found;
  }
  parameters_ = FromLogs(best.point);
  Factorise();
}

void GaussianProcess::Condition(const MatrixXd& x, const VectorXd& y,
                                const VectorXd& noise_variance,
                                const KernelParameters& parameters) {
  SetTraining(x, y, noise_variance);
  AIRLOCK_CHECK(parameters.length_scales.size() == x.cols());
  parameters_ = parameters;
  Factorise();
}

void GaussianProcess::Factorise() {
  const double signal = parameters_.signal_variance;
  const VectorXd squared_distances =
      squares_ * InverseSquares(parameters_.length_scales).matrix();
  const MatrixXd covariance = LowerTriangle(
      signal * EvaluateRadial(options_.kernel, squared_distances.array()).value,
      NoiseOnDiagonal(parameters_.noise_variance).array() + signal);
  jitter_ = JitteredCholesky(covariance, signal, &lower_);
  AIRLOCK_CHECK(jitter_ >= 0, "covariance of {} points", size());
  SolveForMean();
}

void GaussianProcess::SolveForMean() {
  mean_ = ConstantMean(lower_, y_);
  alpha_ = CholeskySolve(lower_, y_.array() - mean_);
}

void GaussianProcess::Add(const VectorXd& x, double y, double noise_variance) {
  const int n = size();
  AIRLOCK_CHECK(n >= 1 && x.size() == x_.cols() && std::isfinite(y));
  const VectorXd column =
      CovariancesAt(options_.kernel, parameters_, x_, x).values();
  x_.conservativeResize(n + 1, Eigen::NoChange);
  x_.row(n) = x.transpose();
  y_.conservativeResize(n + 1);
  y_(n) = (y - centre_) / scale_;
  noise_.conservativeResize(n + 1);
  noise_(n) = Standardised(VectorXd::Constant(1, noise_variance), scale_)(0);
  squares_.conservativeResize(n * (n + 1) / 2, Eigen::NoChange);
  WriteSquares(x_, n, &squares_);

  const double signal = parameters_.signal_variance;
  const VectorXd row = lower_.triangularView<Eigen::Lower>().solve(column);
  const double own =
      NoiseOnDiagonal(parameters_.noise_variance)(n) + signal * (1 + jitter_);
  const double pivot = own - row.squaredNorm();
  if (pivot <= 1e-14 * own) {
    Factorise();
    return;
  }
  lower_.conservativeResize(n + 1, n + 1);
  lower_.row(n).head(n) = row.transpose();
  lower_.col(n).setZero();
  lower_(n, n) = std::sqrt(pivot);
  SolveForMean();
}

VectorXd GaussianProcess::RelativeNoise() const {
  return NoiseOnDiagonal(parameters_.noise_variance) /
         parameters_.signal_variance;
}

Prediction GaussianProcess::Predict(const VectorXd& point,
                                    bool gradients) const {
  AIRLOCK_CHECK(size() > 0 && point.size() == x_.cols());
  const CovariancesAt covariances(options_.kernel, parameters_, x_, point);
  const VectorXd half =
      lower_.triangularView<Eigen::Lower>().solve(covariances.values());
  Prediction prediction;
  prediction.mean =
      centre_ + scale_ * (mean_ + covariances.values().dot(alpha_));
  prediction.variance =
      scale_ * scale_ *
      std::max(parameters_.signal_variance - half.squaredNorm(), 0.0);
  if (!gradients) return prediction;
  const VectorXd solved =
      lower_.triangularView<Eigen::Lower>().transpose().solve(half);
  prediction.mean_gradient = scale_ * covariances.Gradients(alpha_);
  prediction.variance_gradient =
      -2 * scale_ * scale_ * covariances.Gradients(solved);
  return prediction;
}

double GaussianProcess::Mean(const VectorXd& point) const {
  const CovariancesAt covariances(options_.kernel, parameters_, x_, point);
  return centre_ + scale_ * (mean_ + covariances.values().dot(alpha_));
}

void GaussianProcess::Predict(const MatrixXd& points, VectorXd* mean,
                              VectorXd* variance) const {
  AIRLOCK_CHECK(size() > 0 && points.cols() == x_.cols());
  const MatrixXd covariances =
      Covariances(options_.kernel, parameters_, x_, points);
  *mean = (covariances.transpose() * alpha_).array() + mean_;
  *mean = (*mean * scale_).array() + centre_;
  const MatrixXd half =
      lower_.triangularView<Eigen::Lower>().solve(covariances);
  *variance = (parameters_.signal_variance -
               half.colwise().squaredNorm().transpose().array())
                  .max(0.0) *
              (scale_ * scale_);
}

void GaussianProcess::LeaveOneOut(VectorXd* mean, VectorXd* variance) const {
  const MatrixXd half = lower_.triangularView<Eigen::Lower>().solve(
      MatrixXd::Identity(size(), size()));
  const ArrayXd precision = half.colwise().squaredNorm().transpose().array();
  *mean = centre_ + scale_ * (y_.array() - alpha_.array() / precision);
  *variance = scale_ * scale_ / precision;
}

MatrixXd GaussianProcess::Covariance(const MatrixXd& points) const {
  const MatrixXd half = lower_.triangularView<Eigen::Lower>().solve(
      Covariances(options_.kernel, parameters_, x_, points));
  const MatrixXd prior =
      Covariances(options_.kernel, parameters_, points, points);
  return (prior - half.transpose() * half) * (scale_ * scale_);
}

}  // namespace airlock
