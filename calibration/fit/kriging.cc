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
  std::vector<double> square(scales.length.size());
  for (Eigen::Index j = 0; j < b.rows(); ++j) {
    for (Eigen::Index i = 0; i < a.rows(); ++i) {
      std::fill(square.begin(), square.end(), 0.0);
      for (Eigen::Index c = 0; c < a.cols(); ++c) {
        const double gap = a(i, c) - b(j, c);
        square[static_cast<size_t>(axis[static_cast<size_t>(c)])] += gap * gap;
      }
      double sum = 0;
      for (size_t d = 0; d < square.size(); ++d) {
        sum += std::sqrt(square[d]) / scales.length[d];
      }
      correlation(i, j) = std::exp(-sum);
    }
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
  const Eigen::LLT<Eigen::MatrixXd> cholesky(k);
  AIRLOCK_CHECK(cholesky.info() == Eigen::Success, "nugget {}", scales_.nugget);

  const Eigen::MatrixXd solved_trend = cholesky.solve(points.trend);
  const Eigen::MatrixXd precision = points.trend.transpose() * solved_trend;
  // A regressor that does not vary, or two that vary alike, share what they
  // explain: the generalised inverse.
  const Eigen::CompleteOrthogonalDecomposition<Eigen::MatrixXd> inverse(
      precision);
  unit_covariance_ = inverse.pseudoInverse();
  coefficients_ = unit_covariance_ * (solved_trend.transpose() * values);
  const Eigen::VectorXd residual = values - points.trend * coefficients_;
  weights_ = cholesky.solve(residual);
  degrees_of_freedom_ = static_cast<double>(n - inverse.rank());
  variance_ = std::max(residual.dot(weights_) / degrees_of_freedom_, 1e-12);

  double log_determinant = 0;
  for (Eigen::Index i = 0; i < n; ++i) {
    log_determinant += 2 * std::log(cholesky.matrixLLT()(i, i));
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

}  // namespace airlock
