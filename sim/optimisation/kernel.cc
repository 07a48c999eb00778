#include "sim/optimisation/kernel.h"

namespace airlock {

using Eigen::ArrayXd;
using Eigen::MatrixXd;
using Eigen::VectorXd;

Radial EvaluateRadial(Kernel kernel, const ArrayXd& squared_distance) {
  if (kernel == Kernel::kSquaredExponential) {
    const ArrayXd value = (-0.5 * squared_distance).exp();
    return {value, value};
  }
  const ArrayXd root = (5 * squared_distance).sqrt();
  const ArrayXd decay = (-root).exp();
  return {(1 + root + 5.0 / 3 * squared_distance) * decay,
          5.0 / 3 * (1 + root) * decay};
}

MatrixXd Covariances(Kernel kernel, const KernelParameters& parameters,
                     const MatrixXd& a, const MatrixXd& b) {
  MatrixXd covariances(a.rows(), b.rows());
  for (int j = 0; j < b.rows(); ++j) {
    ArrayXd squared = ArrayXd::Zero(a.rows());
    for (int k = 0; k < a.cols(); ++k) {
      squared +=
          ((a.col(k).array() - b(j, k)) / parameters.length_scales(k)).square();
    }
    covariances.col(j) =
        parameters.signal_variance * EvaluateRadial(kernel, squared).value;
  }
  return covariances;
}

CovariancesAt::CovariancesAt(Kernel kernel, const KernelParameters& parameters,
                             const MatrixXd& x, const VectorXd& point)
    : differences_(x.rowwise() - point.transpose()) {
  const auto scales = parameters.length_scales.transpose().array();
  differences_.array().rowwise() /= scales;
  const Radial radial =
      EvaluateRadial(kernel, differences_.rowwise().squaredNorm().array());
  values_ = parameters.signal_variance * radial.value;
  slope_ = parameters.signal_variance * radial.slope;
  differences_.array().rowwise() /= scales;
}

MatrixXd CovariancesAt::Gradients(const MatrixXd& weights) const {
  return differences_.transpose() * (slope_.asDiagonal() * weights);
}

double JitteredCholesky(const MatrixXd& matrix, double unit, MatrixXd* lower) {
  const double least_pivot = 1e-14 * unit;
  for (double jitter = 0; jitter < 2e-2;
       jitter = jitter == 0 ? 1e-10 : jitter * 100) {
    MatrixXd jittered = matrix;
    jittered.diagonal().array() += jitter * unit;
    const Eigen::LLT<MatrixXd, Eigen::Lower> factor(jittered);
    if (factor.info() != Eigen::Success) continue;
    *lower = factor.matrixL();
    const double pivot = lower->diagonal().minCoeff();
    if (pivot * pivot > least_pivot) return jitter;
  }
  return -1;
}

MatrixXd CholeskySolve(const MatrixXd& lower, const MatrixXd& right) {
  const MatrixXd half = lower.triangularView<Eigen::Lower>().solve(right);
  return lower.triangularView<Eigen::Lower>().transpose().solve(half);
}

}  // namespace airlock
