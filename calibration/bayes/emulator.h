#pragma once

#include <Eigen/Dense>
#include <vector>

#include "sim/optimisation/gaussian_process.h"

namespace airlock {

// How well an emulator foretells points that it was not told: each of its own,
// left out in turn (Bastos and O'Hagan, Technometrics 51, 2009).
struct EmulatorCheck {
  double coverage = 0;  // share of outputs within two standard deviations
  double error = 0;     // root mean square over the output's spread
};

// A fast stand-in for a simulator of several outputs: a Gaussian process for
// each output over the unit cube of its parameters. Outputs that do not vary
// are taken as known. Where points that are left out lie farther off than the
// process expects, as near a kink, its variance is raised by the mean square of
// their standardised differences.
class Emulator {
 public:
  // `x`: n by d points of the unit cube; `y`: n by m outputs, all finite;
  // `resolution`: an output whose standard deviation is less does not vary.
  Emulator(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y,
           const Eigen::VectorXd& resolution);

  // The outputs at a point (d), each with the mean square of what its points
  // lie off when left out: for a sampler, which a variance that is least at
  // simulated points would draw to these.
  void Predict(const Eigen::VectorXd& point, Eigen::VectorXd* mean,
               Eigen::VectorXd* variance) const;
  // Mean and variance of the simulator's mean at the rows of `points`, without
  // the noise of single runs: k by m each.
  void Predict(const Eigen::MatrixXd& points, Eigen::MatrixXd* mean,
               Eigen::MatrixXd* variance) const;

  EmulatorCheck LeaveOneOut() const;
  int outputs() const { return static_cast<int>(constant_.size()); }

 private:
  Eigen::MatrixXd y_;
  std::vector<bool> varies_;
  std::vector<double> constant_;            // of those that do not vary
  std::vector<GaussianProcess> processes_;  // of each output
  std::vector<double> inflation_;           // of their variances, >= 1
  std::vector<double> left_out_;            // mean squares of differences
};

}  // namespace airlock
