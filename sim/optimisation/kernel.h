#pragma once

#include <Eigen/Dense>

namespace airlock {

enum class Kernel { kMatern52, kSquaredExponential };

// The covariance of a Gaussian process: signal_variance * k(r), r the distance
// with every coordinate divided by its length scale, plus noise_variance on the
// diagonal of values whose own noise is not known. Variances are in units of
// the standardised values.
struct KernelParameters {
  Eigen::VectorXd length_scales;
  double signal_variance = 1;
  double noise_variance = 1e-4;
};

// k(r) of r squared, and -2 dk/d(r^2), which both the derivative with respect
// to the logarithm of a length scale l, slope * (difference / l)^2, and that
// with respect to the point, -slope * difference / l^2, are made of.
struct Radial {
  Eigen::ArrayXd value;
  Eigen::ArrayXd slope;
};
// exp(-r^2 / 2), or Matern's of order 5/2 (Rasmussen and Williams, eq. 4.17).
Radial EvaluateRadial(Kernel kernel, const Eigen::ArrayXd& squared_distance);

// The covariances between the rows of `a` (n by d) and of `b` (m by d): n by m.
Eigen::MatrixXd Covariances(Kernel kernel, const KernelParameters& parameters,
                            const Eigen::MatrixXd& a, const Eigen::MatrixXd& b);

// The covariances between the rows of `x` (n by d) and one point, and how sums
// of them move with the point.
class CovariancesAt {
 public:
  CovariancesAt(Kernel kernel, const KernelParameters& parameters,
                const Eigen::MatrixXd& x, const Eigen::VectorXd& point);

  const Eigen::VectorXd& values() const { return values_; }
  // Of values' * weights (n by m) with respect to the point: d by m.
  Eigen::MatrixXd Gradients(const Eigen::MatrixXd& weights) const;

 private:
  Eigen::VectorXd values_;
  Eigen::VectorXd slope_;
  Eigen::MatrixXd differences_;  // x - point, over squared length scales
};

// The Cholesky factor of the symmetric matrix whose lower triangle is given,
// with the least jitter of 0, 1e-10, 1e-8, ... times `unit` on the diagonal
// that leaves every pivot above rounding. Returns the jitter in units of
// `unit`, negative (and no factor) if 1e-2 is not enough.
double JitteredCholesky(const Eigen::MatrixXd& matrix, double unit,
                        Eigen::MatrixXd* lower);

// matrix^-1 right, given the factor.
Eigen::MatrixXd CholeskySolve(const Eigen::MatrixXd& lower,
                              const Eigen::MatrixXd& right);

}  // namespace airlock
