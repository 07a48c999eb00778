#include "calibration/fit/kriging.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "sim/base/error.h"

namespace airlock {

Eigen::MatrixXd FieldCorrelation(const Eigen::MatrixXd& a,
                                 const Eigen::MatrixXd& b,
                                 const std::vector<int>& axis,
                                 const FieldScales& scales) {
  Eigen::MatrixXd correlation(a.rows(), b.rows());
  Eigen::ArrayXd square(a.rows()), sum(a.rows());
  for (Eigen::Index j = 0; j < b.rows(); ++j) {
    sum.setZero();
    for (size_t d = 0; d < scales.length.size(); ++d) {
      if (!(scales.length[d] < kEverywhere)) continue;
      square.setZero();
      for (Eigen::Index c = 0; c < a.cols(); ++c) {
        if (axis[static_cast<size_t>(c)] != static_cast<int>(d)) continue;
        square += (a.col(c).array() - b(j, c)).square();
      }
      sum += square.sqrt() / scales.length[d];
    }
    correlation.col(j) = (-sum).exp();
  }
  return correlation;
}

Kriging::Kriging(FieldPoints points, const Eigen::VectorXd& values,
                 std::vector<int> axis, FieldScales scales)
    : place_(std::move(points.place)),
      axis_(std::move(axis)),
      scales_(std::move(scales)) {
  const Eigen::Index n = values.size();
  const Eigen::Index p = points.trend.cols();
  AIRLOCK_CHECK(n >= p + 2 && place_.rows() == n && points.trend.rows() == n &&
                    static_cast<size_t>(place_.cols()) == axis_.size(),
                "{} points, {} regressors", n, p);
  Eigen::MatrixXd k = FieldCorrelation(place_, place_, axis_, scales_);
  k.diagonal().array() += scales_.nugget;
  cholesky_.compute(k);
  AIRLOCK_CHECK(cholesky_.info() == Eigen::Success, "nugget {}",
                scales_.nugget);

  solved_trend_ = cholesky_.solve(points.trend);
  const Eigen::MatrixXd precision = points.trend.transpose() * solved_trend_;
  // A regressor that does not vary, or two that vary alike, share what they
  // explain: the generalised inverse.
  const Eigen::CompleteOrthogonalDecomposition<Eigen::MatrixXd> inverse(
      precision);
  unit_covariance_ = inverse.pseudoInverse();
  coefficients_ = unit_covariance_ * (solved_trend_.transpose() * values);
  const Eigen::VectorXd residual = values - points.trend * coefficients_;
  weights_ = cholesky_.solve(residual);
  degrees_of_freedom_ = static_cast<double>(n - inverse.rank());
  variance_ = std::max(residual.dot(weights_) / degrees_of_freedom_, 1e-12);

  double log_determinant = 0;
  for (Eigen::Index i = 0; i < n; ++i) {
    log_determinant += 2 * std::log(cholesky_.matrixLLT()(i, i));
  }
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> spectrum(precision);
  for (Eigen::Index i = p - inverse.rank(); i < p; ++i) {
    log_determinant += std::log(std::max(spectrum.eigenvalues()(i), 1e-300));
  }
  log_likelihood_ =
      -0.5 * (degrees_of_freedom_ * std::log(variance_) + log_determinant);
}

Eigen::VectorXd Kriging::Predict(const FieldPoints& at) const {
  return Trend(at) +
         FieldCorrelation(at.place, place_, axis_, scales_) * weights_;
}

// Cressie (1993), equation 3.4.16 with a nugget.
Eigen::VectorXd Kriging::PredictiveSd(const FieldPoints& at) const {
  const Eigen::MatrixXd near =
      FieldCorrelation(place_, at.place, axis_, scales_);
  const Eigen::MatrixXd whitened = cholesky_.matrixL().solve(near);
  const Eigen::MatrixXd open = at.trend - near.transpose() * solved_trend_;
  const Eigen::VectorXd unit =
      ((open * unit_covariance_).cwiseProduct(open).rowwise().sum() -
       whitened.colwise().squaredNorm().transpose())
          .array() +
      (1 + scales_.nugget);
  return (variance_ * unit.cwiseMax(scales_.nugget)).cwiseSqrt();
}

}  // namespace airlock
