#pragma once

#include <Eigen/Dense>
#include <vector>

namespace airlock {

// Points where something was measured: rows of `place` are places, and columns
// that belong together (x and y, say) have the same number in `axis`.
struct FieldPoints {
  Eigen::MatrixXd place;  // [point][coordinate]
  Eigen::MatrixXd trend;  // [point][regressor]
};

// A scale that makes its axis irrelevant.
inline constexpr double kEverywhere = 1e9;

// How far a field reaches: its correlation is exp(-sum over axes of distance /
// length), in space the exponential decay of shadowing with distance
// (Gudmundson, Electronics Letters 27, 1991).
struct FieldScales {
  // Of each axis, in its unit, > 0; from kEverywhere the axis does not matter.
  std::vector<double> length;
  double nugget = 0.1;  // variance without correlation over the field's, > 0
};

// Correlations of the field, without nugget, between the rows of `a` and of
// `b`.
Eigen::MatrixXd FieldCorrelation(const Eigen::MatrixXd& a,
                                 const Eigen::MatrixXd& b,
                                 const std::vector<int>& axis,
                                 const FieldScales& scales);

// A Gaussian field on a linear trend, y = X b + W(place) + e, and its best
// linear unbiased prediction: universal kriging (Cressie, "Statistics for
// Spatial Data", 1993, section 3.4). The trend's coefficients have a flat prior
// and the field's variance the prior 1/s2, so that their posterior is
// multivariate t, exact for given scales.
class Kriging {
 public:
  // `axis[c]`: the axis of coordinate c. At least two points more than
  // regressors.
  Kriging(FieldPoints points, const Eigen::VectorXd& values,
          std::vector<int> axis, FieldScales scales);

  // Restricted log-likelihood of the scales, variance integrated out, without
  // constants.
  double log_likelihood() const { return log_likelihood_; }
  // b, its covariance for the variance 1, and the field's variance.
  const Eigen::VectorXd& coefficients() const { return coefficients_; }
  const Eigen::MatrixXd& unit_covariance() const { return unit_covariance_; }
  double variance() const { return variance_; }
  double degrees_of_freedom() const { return degrees_of_freedom_; }

  // X b + W at other points.
  Eigen::VectorXd Predict(const FieldPoints& at) const;
  // Standard deviation of what would be measured there, nugget and the
  // uncertainty of b included.
  Eigen::VectorXd PredictiveSd(const FieldPoints& at) const;
  // X b alone.
  Eigen::VectorXd Trend(const FieldPoints& at) const {
    return at.trend * coefficients_;
  }

 private:
  Eigen::MatrixXd place_;
  std::vector<int> axis_;
  FieldScales scales_;
  Eigen::LLT<Eigen::MatrixXd> cholesky_;  // of the points' correlations
  Eigen::MatrixXd solved_trend_;          // trend, times their inverse
  Eigen::VectorXd coefficients_;
  Eigen::MatrixXd unit_covariance_;
  Eigen::VectorXd weights_;  // of the correlations with the points
  double variance_ = 0;
  double degrees_of_freedom_ = 0;
  double log_likelihood_ = 0;
};

}  // namespace airlock
