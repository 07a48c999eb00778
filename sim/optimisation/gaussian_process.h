#pragma once

#include <Eigen/Dense>

#include "sim/optimisation/kernel.h"

namespace airlock {

struct GaussianProcessOptions {
  Kernel kernel = Kernel::kMatern52;
  // Values are modelled after subtracting their mean and dividing by their
  // standard deviation; off: as they are.
  bool standardise = true;
  // Limit of the iterations of the fit.
  int iterations = 60;
};

// The function itself, without noise, in the units of the values.
struct Prediction {
  double mean = 0;
  double variance = 0;
  // With respect to the point; empty unless asked for.
  Eigen::VectorXd mean_gradient;
  Eigen::VectorXd variance_gradient;
};

// Gaussian process regression (Rasmussen and Williams, "Gaussian Processes for
// Machine Learning", 2006) with one length scale for each coordinate and a
// constant mean, which is the generalised least squares estimate (eq. 2.42
// without prior), taken as known.
//
// Owns its training points. Inputs are expected to be of order one, as in the
// unit cube: the priors of the length scales are made for it.
class GaussianProcess {
 public:
  explicit GaussianProcess(GaussianProcessOptions options = {});

  // Learns the kernel's parameters: the maximum of marginal likelihood times
  // log-normal priors. `x` is n by d, `y` has n values, `noise_variance` n (in
  // units of y squared; NaN: not known, learnt as one number for all). n >= 1,
  // all but the noise finite.
  void Fit(const Eigen::MatrixXd& x, const Eigen::VectorXd& y,
           const Eigen::VectorXd& noise_variance);
  // The same with given parameters.
  void Condition(const Eigen::MatrixXd& x, const Eigen::VectorXd& y,
                 const Eigen::VectorXd& noise_variance,
                 const KernelParameters& parameters);
  // One more point in O(n^2): the kernel's parameters and the standardisation
  // stay, the constant mean is estimated anew.
  void Add(const Eigen::VectorXd& x, double y, double noise_variance);

  // At one point (eq. 2.25 and 2.26). A fit must have gone before.
  Prediction Predict(const Eigen::VectorXd& point, bool gradients) const;
  // The mean alone, in O(n).
  double Mean(const Eigen::VectorXd& point) const;
  // At the rows of `points` (m by d).
  void Predict(const Eigen::MatrixXd& points, Eigen::VectorXd* mean,
               Eigen::VectorXd* variance) const;
  // The posterior covariance between the rows of `points` (m by m).
  Eigen::MatrixXd Covariance(const Eigen::MatrixXd& points) const;

  // What the other training points say of each one's value, its noise included
  // (eq. 5.12; the kernel's parameters and the constant mean stay).
  void LeaveOneOut(Eigen::VectorXd* mean, Eigen::VectorXd* variance) const;

  // Of the standardised values (eq. 2.30). `gradient`, if not null, with
  // respect to the logarithms of length scales, signal and noise variance.
  double LogMarginalLikelihood(const KernelParameters& parameters,
                               Eigen::VectorXd* gradient) const;
  // The logarithm of the priors' density (up to a constant). Those of the
  // length scales grow with the square root of the dimension (Hvarfner et al.,
  // ICML 2024, eq. 8); those of the variances are weaker still.
  static double LogPrior(const KernelParameters& parameters,
                         Eigen::VectorXd* gradient);

  Kernel kernel() const { return options_.kernel; }
  const KernelParameters& parameters() const { return parameters_; }
  const Eigen::MatrixXd& x() const { return x_; }
  // The noise of each training value, given or learnt, over signal variance.
  Eigen::VectorXd RelativeNoise() const;
  // Of the values, in their units.
  double constant_mean() const { return centre_ + scale_ * mean_; }
  double scale() const { return scale_; }
  // What had to be added to the diagonal, relative to the signal variance, to
  // make the covariance numerically positive definite.
  double jitter() const { return jitter_; }
  int size() const { return static_cast<int>(x_.rows()); }

 private:
  void SetTraining(const Eigen::MatrixXd& x, const Eigen::VectorXd& y,
                   const Eigen::VectorXd& noise_variance);
  Eigen::VectorXd NoiseOnDiagonal(double learnt) const;
  void Factorise();
  void SolveForMean();

  GaussianProcessOptions options_;
  Eigen::MatrixXd x_;        // n by d
  Eigen::VectorXd y_;        // standardised
  Eigen::VectorXd noise_;    // of the standardised values; NaN: learnt
  Eigen::MatrixXd squares_;  // squared differences of pairs, n(n-1)/2 by d
  double centre_ = 0;
  double scale_ = 1;
  KernelParameters parameters_;
  double mean_ = 0;  // of the standardised values
  double jitter_ = 0;
  Eigen::MatrixXd lower_;  // Cholesky factor of the covariance
  Eigen::VectorXd alpha_;  // covariance^-1 (y - mean)
};

}  // namespace airlock
