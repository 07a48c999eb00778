#pragma once

#include <Eigen/Dense>
#include <functional>
#include <string>
#include <vector>

#include "calibration/bayes/sampler.h"
#include "sim/base/rng.h"

namespace airlock {

// Mean and variance of all m outputs at parameters in the unit cube.
using OutputFunction =
    std::function<void(const Eigen::VectorXd& parameters, Eigen::VectorXd* mean,
                       Eigen::VectorXd* variance)>;

// Outputs of one kind, m_k of the m, and what was measured of them.
struct OutputGroup {
  std::string name;
  std::vector<Eigen::Index> outputs;
  Eigen::MatrixXd inputs;    // m_k by q, of order one: where each was measured
  Eigen::VectorXd observed;  // m_k
  // Of each; NaN: one unknown variance for all of the group.
  Eigen::VectorXd noise_variance;
  // Median of the prior of the discrepancy's standard deviation, > 0.
  double tolerance = 1;
};

// Without the discrepancy all that the model gets wrong passes for parameters
// and noise.
enum class Discrepancy { kGaussianProcess, kNone };

// The posterior of Kennedy and O'Hagan (JRSS B 63, 2001, eq. 5 with rho = 1):
//
//   observed = f(parameters) + discrepancy(inputs) + noise
//
// f by emulator (its variance counts), the discrepancy of each group a Gaussian
// process of zero mean over the inputs. Coordinates of a point: the parameters
// on the unit cube (uniform prior), then of each group ln standard deviation
// and ln length scale of the discrepancy and, if unknown, ln standard deviation
// of the noise. Their priors are normal: around ln tolerance with spread 1; ln
// 0.5 with spread 0.7; ln (tolerance / 3) with spread 1. Densities are complete
// with their constants, so evidences compare.
class DiscrepancyModel {
 public:
  DiscrepancyModel(OutputFunction function, int parameters,
                   std::vector<OutputGroup> groups, Discrepancy discrepancy);

  int parameters() const { return parameters_; }
  int dimensions() const { return dimensions_; }
  const std::vector<OutputGroup>& groups() const { return groups_; }
  // The same with other measurements, one vector a group.
  DiscrepancyModel WithObserved(
      const std::vector<Eigen::VectorXd>& observed) const;

  double LogDensity(const Eigen::VectorXd& point) const;
  // A draw of the prior.
  Eigen::VectorXd PriorDraw(RngStream* stream) const;
  // Measurements, one vector a group, as the model makes them at `point`.
  std::vector<Eigen::VectorXd> Simulate(const Eigen::VectorXd& point,
                                        RngStream* stream) const;
  // Runs the sampler; each chain starts at the best of some prior draws.
  PosteriorSample Sample(const MetropolisOptions& options, const RngTree& tree,
                         const std::string& name) const;

  // What the posterior says of the discrepancy of a group at other inputs,
  // given `point`: mean and variance at each row (zeros without discrepancy).
  void Foretell(const Eigen::VectorXd& point, size_t group,
                const Eigen::MatrixXd& inputs, Eigen::VectorXd* mean,
                Eigen::VectorXd* variance) const;
  // Standard deviations of a group at `point`: of the discrepancy, and of the
  // noise (NaN where it is known).
  double DiscrepancySd(const Eigen::VectorXd& point, size_t group) const;
  double NoiseSd(const Eigen::VectorXd& point, size_t group) const;

 private:
  struct Places {  // of a group's coordinates in a point; -1: none
    int sd = -1;
    int length = -1;
    int noise = -1;
  };

  Eigen::MatrixXd DiscrepancyCovariance(const Eigen::VectorXd& point,
                                        size_t group, const Eigen::MatrixXd& a,
                                        const Eigen::MatrixXd& b) const;
  // Of what was observed less f(parameters).
  Eigen::MatrixXd ResidualCovariance(const Eigen::VectorXd& point, size_t group,
                                     const Eigen::VectorXd& variance) const;
  Eigen::VectorXd Residual(const Eigen::VectorXd& mean, size_t group) const;

  OutputFunction function_;
  int parameters_;
  int dimensions_;
  std::vector<OutputGroup> groups_;
  Discrepancy discrepancy_;
  std::vector<Places> places_;
  Eigen::VectorXd prior_mean_, prior_sd_;  // of the coordinates after these
};

}  // namespace airlock
