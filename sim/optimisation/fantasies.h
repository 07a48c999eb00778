#pragma once

#include <Eigen/Dense>

#include "sim/optimisation/gaussian_process.h"

namespace airlock {

// What the function behind noisy values may be: draws from the joint posterior
// of a Gaussian process at its training points by quasi Monte Carlo, and for
// each the process that knows these values exactly, with the same kernel and
// constant mean. Expected improvement averaged over them does not chase a lucky
// value (Letham et al., Bayesian Analysis 14 (2019), eq. 4 to 6).
class Fantasies {
 public:
  // `process` has been fitted; it is copied from. The draws are the same for
  // equal processes.
  Fantasies(const GaussianProcess& process, int count);

  // n by count, in the units of the process's values.
  const Eigen::MatrixXd& values() const { return values_; }

  // At the rows of `points` (m by d): means m by count, one variance for all
  // fantasies.
  void Predict(const Eigen::MatrixXd& points, Eigen::MatrixXd* means,
               Eigen::VectorXd* variance) const;

  // At one point, with gradients.
  struct At {
    Eigen::VectorXd means;  // count
    double variance = 0;
    Eigen::MatrixXd mean_gradients;     // d by count
    Eigen::VectorXd variance_gradient;  // d
  };
  At Predict(const Eigen::VectorXd& point) const;

 private:
  Kernel kernel_;
  KernelParameters parameters_;
  Eigen::MatrixXd x_;
  double constant_mean_;
  double scale_;
  Eigen::MatrixXd values_;
  Eigen::MatrixXd lower_;    // factor of the covariance without noise
  Eigen::MatrixXd weights_;  // its inverse times the values, n by count
};

}  // namespace airlock
