#include "calibration/bayes/emulator.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/base/error.h"

namespace airlock {

using Eigen::MatrixXd;
using Eigen::VectorXd;

Emulator::Emulator(const MatrixXd& x, const MatrixXd& y,
                   const VectorXd& resolution)
    : y_(y) {
  AIRLOCK_CHECK(x.rows() == y.rows() && x.rows() >= 2 && y.allFinite());
  const VectorXd unknown =
      VectorXd::Constant(x.rows(), std::numeric_limits<double>::quiet_NaN());
  for (Eigen::Index k = 0; k < y.cols(); ++k) {
    const double size = y.col(k).cwiseAbs().maxCoeff();
    const double spread =
        std::sqrt((y.col(k).array() - y.col(k).mean()).square().mean());
    varies_.push_back(spread > std::max(resolution(k), 1e-12 * size) &&
                      spread > 0);
    constant_.push_back(y.col(k).mean());
    processes_.emplace_back();
    inflation_.push_back(1);
    left_out_.push_back(0);
    if (!varies_.back()) continue;
    processes_.back().Fit(x, y.col(k), unknown);
    VectorXd mean, variance;
    processes_.back().LeaveOneOut(&mean, &variance);
    const double squares =
        ((y.col(k) - mean).array().square() / variance.array()).mean();
    inflation_.back() = std::max(1.0, squares);
    left_out_.back() =
        (y.col(k) - mean).squaredNorm() / static_cast<double>(y.rows());
  }
}

void Emulator::Predict(const VectorXd& point, VectorXd* mean,
                       VectorXd* variance) const {
  mean->resize(outputs());
  variance->resize(outputs());
  for (int k = 0; k < outputs(); ++k) {
    const auto i = static_cast<size_t>(k);
    (*mean)(k) = varies_[i] ? processes_[i].Mean(point) : constant_[i];
    (*variance)(k) = left_out_[i];
  }
}

void Emulator::Predict(const MatrixXd& points, MatrixXd* mean,
                       MatrixXd* variance) const {
  mean->resize(points.rows(), outputs());
  variance->resize(points.rows(), outputs());
  for (int k = 0; k < outputs(); ++k) {
    if (!varies_[static_cast<size_t>(k)]) {
      mean->col(k).setConstant(constant_[static_cast<size_t>(k)]);
      variance->col(k).setZero();
      continue;
    }
    VectorXd m, v;
    processes_[static_cast<size_t>(k)].Predict(points, &m, &v);
    mean->col(k) = m;
    variance->col(k) = inflation_[static_cast<size_t>(k)] * v;
  }
}

EmulatorCheck Emulator::LeaveOneOut() const {
  double within = 0, squares = 0, count = 0;
  for (int k = 0; k < outputs(); ++k) {
    if (!varies_[static_cast<size_t>(k)]) continue;
    VectorXd mean, variance;
    processes_[static_cast<size_t>(k)].LeaveOneOut(&mean, &variance);
    variance *= inflation_[static_cast<size_t>(k)];
    const Eigen::ArrayXd y = y_.col(k).array();
    const double spread = (y - y.mean()).square().mean();
    const Eigen::ArrayXd difference = (y - mean.array()).square();
    within += (difference <= 4 * variance.array()).cast<double>().sum();
    squares += difference.sum() / spread;
    count += static_cast<double>(y.size());
  }
  if (count == 0) return {1, 0};
  return {within / count, std::sqrt(squares / count)};
}

}  // namespace airlock
