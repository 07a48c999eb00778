#include "sim/optimisation/fantasies.h"

#include <algorithm>

#include "sim/base/error.h"
#include "sim/base/rng.h"
#include "sim/optimisation/sobol.h"
#include "sim/stats/interval.h"

namespace airlock {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

// What stands for no noise, in signal variances.
constexpr double kNugget = 1e-6;
constexpr uint64_t kKey = 0x66616e7461736965;

// Standard normal, n by count, columns spread evenly.
MatrixXd EvenNormals(int n, int count) {
  const MatrixXd uniform = ShiftedSobol(count, n, 0, RngStream(kKey));
  return uniform.transpose().unaryExpr(
      [](double u) { return NormalQuantile(std::clamp(u, 1e-15, 1 - 1e-15)); });
}

}  // namespace

Fantasies::Fantasies(const GaussianProcess& process, int count)
    : kernel_(process.kernel()),
      parameters_(process.parameters()),
      x_(process.x()),
      constant_mean_(process.constant_mean()),
      scale_(process.scale()) {
  const double signal = parameters_.signal_variance;
  VectorXd mean, variance;
  process.Predict(x_, &mean, &variance);
  MatrixXd factor;
  const double jitter = JitteredCholesky(process.Covariance(x_),
                                         signal * scale_ * scale_, &factor);
  AIRLOCK_CHECK(jitter >= 0, "posterior of {} points", x_.rows());
  values_ = (factor * EvenNormals(process.size(), count)).colwise() + mean;

  MatrixXd covariance = Covariances(kernel_, parameters_, x_, x_);
  covariance.diagonal().array() += kNugget * signal;
  AIRLOCK_CHECK(JitteredCholesky(covariance, signal, &lower_) >= 0);
  weights_ = CholeskySolve(lower_, (values_.array() - constant_mean_) / scale_);
}

void Fantasies::Predict(const MatrixXd& points, MatrixXd* means,
                        VectorXd* variance) const {
  const MatrixXd covariances = Covariances(kernel_, parameters_, x_, points);
  *means =
      (covariances.transpose() * weights_ * scale_).array() + constant_mean_;
  const MatrixXd half =
      lower_.triangularView<Eigen::Lower>().solve(covariances);
  *variance = (parameters_.signal_variance -
               half.colwise().squaredNorm().transpose().array())
                  .max(0.0) *
              (scale_ * scale_);
}

Fantasies::At Fantasies::Predict(const VectorXd& point) const {
  const CovariancesAt covariances(kernel_, parameters_, x_, point);
  const VectorXd half =
      lower_.triangularView<Eigen::Lower>().solve(covariances.values());
  const VectorXd solved =
      lower_.triangularView<Eigen::Lower>().transpose().solve(half);
  At at;
  at.means = (weights_.transpose() * covariances.values() * scale_).array() +
             constant_mean_;
  at.mean_gradients = scale_ * covariances.Gradients(weights_);
  at.variance = scale_ * scale_ *
                std::max(parameters_.signal_variance - half.squaredNorm(), 0.0);
  at.variance_gradient = -2 * scale_ * scale_ * covariances.Gradients(solved);
  return at;
}

}  // namespace airlock
