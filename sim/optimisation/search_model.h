#pragma once

#include <Eigen/Dense>
#include <optional>
#include <vector>

#include "sim/optimisation/fantasies.h"
#include "sim/optimisation/gaussian_process.h"
#include "sim/optimisation/optimiser.h"

namespace airlock {

// What is believed of a search after its evaluations, and how much a point of
// the unit cube is worth evaluating: Gaussian processes of the objective, of
// each constraint, and of failure (+1 failed, -1 not) where something failed.
//
// Values above Tukey's upper fence are drawn in logarithmically, so that one
// bad corner does not flatten the rest; constraints, of which only the sign
// counts, by asinh. Points that it is asked about must be snapped
// (SearchSpace::Snap).
class SearchModel {
 public:
  // At least one evaluation.
  SearchModel(const SearchSpace& space,
              const std::vector<Evaluation>& evaluations, int constraints);

  // The logarithm of expected improvement over the best feasible evaluation
  // (left out while there is none; with noise, averaged over fantasies of what
  // the values would be without) plus those of the
  // probabilities that each constraint is met and that nothing fails. Writes
  // the gradient if it is not null.
  double LogAcquisition(const Eigen::VectorXd& point,
                        Eigen::VectorXd* gradient) const;
  // The same at the rows of `points`.
  Eigen::VectorXd LogAcquisition(const Eigen::MatrixXd& points) const;

  // Expected improvement in standard deviations of the values; NaN where
  // nothing is feasible yet.
  double ScaledImprovement(const Eigen::VectorXd& point) const;

  // For each evaluation the posterior mean of its value (on the drawn-in scale,
  // for comparisons only); NaN where it failed.
  const std::vector<double>& posterior_means() const { return means_; }
  // The snapped unit point with the best of them; of any evaluation while
  // nothing is feasible.
  const Eigen::VectorXd& incumbent() const { return incumbent_; }

 private:
  void FitObjective(const std::vector<Evaluation>& evaluations);
  void FitConstraint(const std::vector<Evaluation>& evaluations, int which);
  void FitFailure(const std::vector<Evaluation>& evaluations);
  void FindIncumbent(const std::vector<Evaluation>& evaluations);
  // Sets what improvement is over; something is feasible.
  void SetBests(const std::vector<Evaluation>& evaluations);
  double LogImprovement(const Eigen::VectorXd& point,
                        Eigen::VectorXd* gradient) const;
  Eigen::VectorXd LogImprovement(const Eigen::MatrixXd& points) const;

  Eigen::MatrixXd points_;  // of all evaluations
  std::optional<GaussianProcess> objective_;
  std::vector<GaussianProcess> bounds_;  // each to be <= 0
  std::vector<double> means_;
  Eigen::VectorXd incumbent_;
  std::optional<Fantasies> fantasies_;  // where values are noisy
  // What improvement is over: for each fantasy, or the incumbent's posterior
  // mean. Empty while nothing is feasible.
  Eigen::VectorXd bests_;
};

}  // namespace airlock
