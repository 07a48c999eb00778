#pragma once

#include <Eigen/Dense>
#include <functional>
#include <string>
#include <vector>

#include "sim/base/rng.h"

namespace airlock {

// Logarithm of a density; -infinity outside its support.
using LogDensity = std::function<double(const Eigen::VectorXd&)>;

struct MetropolisOptions {
  int chains = 4;
  int warmup = 1500;  // of each chain, not kept
  int draws = 1500;   // of each chain
  // Converged: every coordinate's R-hat at most, its effective sample size of
  // all chains at least (Vehtari et al. 2021, section 4).
  double most_r_hat = 1.01;
  double fewest_effective = 400;
  int doublings = 3;  // of warm-up and draws, while not converged
};

struct PosteriorSample {
  std::vector<Eigen::MatrixXd> chains;  // draws by d each
  Eigen::VectorXd r_hat;
  Eigen::VectorXd effective;
  double acceptance = 0;
  bool converged = false;
  std::string reason;  // why not

  // All chains, one under the other.
  Eigen::MatrixXd Pooled() const;
};

// Adaptive Metropolis: in the warm-up the proposal takes the covariance of the
// chain so far (Haario, Saksman and Tamminen, Bernoulli 7, 2001) and a scale
// that leads to 0.234 accepted (Roberts, Gelman and Gilks 1997; Robbins-Monro
// steps). After it the proposals stay, so the chains are plain Metropolis
// chains: half of the steps by that proposal, half along differences of points
// that any chain saw in its warm-up, which follow ridges and lead from mode to
// mode (ter Braak and Vrugt, Statistics and Computing 18, 2008). `starts`:
// chains by d, of positive density; `spread`: the first proposals' standard
// deviations. Chain c draws from stream `name`/c.
PosteriorSample SamplePosterior(const LogDensity& log_density,
                                const Eigen::MatrixXd& starts,
                                const Eigen::VectorXd& spread,
                                const MetropolisOptions& options,
                                const RngTree& tree, const std::string& name);

// Of one coordinate: rank-normalised split R-hat and bulk effective sample size
// (Vehtari, Gelman, Simpson, Carpenter and Buerkner, Bayesian Analysis 16,
// 2021; Geyer's initial monotone sequence). Columns are chains.
double SplitRHat(const Eigen::MatrixXd& chains);
double EffectiveSamples(const Eigen::MatrixXd& chains);

// The logarithm of the integral of exp(log_density), which has to be complete
// with its constants: importance sampling from a multivariate t with five
// degrees of freedom and the draws' mean and covariance. `error`, if not null:
// its standard error.
double LogEvidence(const LogDensity& log_density, const Eigen::MatrixXd& draws,
                   int evaluations, RngStream stream, double* error);

}  // namespace airlock
