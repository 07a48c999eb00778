#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/optimisation/optimiser.h"
#include "sim/optimisation/search_model.h"

namespace airlock {

struct BayesianOptions {
  uint64_t seed = 1;
  // Evaluations before the model takes over, taken from a shifted Sobol
  // sequence. 0: twice the number of dimensions, 4 at least and 20 at most.
  // Evaluations of a warm start count.
  int initial_points = 0;
  // How many constraints each evaluation brings.
  int constraints = 0;
  // Finished() once the expected improvement was below `tolerance` times the
  // standard deviation of the values for `patience` asks in a row, each
  // followed by a Tell. Tolerance 0: never.
  double tolerance = 1e-3;
  int patience = 5;
};

// Bayesian optimisation: a Gaussian process of the objective, one of each
// constraint, and one of failure where an evaluation failed; the next point
// maximises the logarithm of the expected improvement over the best feasible
// evaluation (with noise: over fantasies of what it is without) plus the
// logarithms of the probabilities that each constraint is met (Gardner et al.,
// ICML 2014), and while nothing is feasible the latter alone.
//
// Made for up to a few hundred evaluations in up to some twenty dimensions: a
// fit costs O(n^3).
class BayesianOptimiser : public Optimiser {
 public:
  // InputError: as SearchSpace; an option out of range.
  BayesianOptimiser(std::vector<SearchDimension> dimensions,
                    const BayesianOptions& options);
  ~BayesianOptimiser() override;

  std::vector<double> Ask() override;
  bool Finished() const override;

  // The expected improvement at the last asked point, in standard deviations of
  // the values; NaN while the points are of the initial design or nothing is
  // feasible yet.
  double expected_improvement() const { return expected_improvement_; }

 protected:
  // The posterior means at the points, unless every value is exact.
  std::vector<double> Estimates() const override;
  void Learnt() override;

 private:
  const SearchModel& Model() const;
  // Fills asked_ and expected_improvement_.
  void AskModel();

  BayesianOptions options_;
  // Of the evaluations; null: stale.
  mutable std::unique_ptr<SearchModel> model_;
  std::vector<double> asked_;  // empty: stale
  double expected_improvement_;
  int fruitless_asks_ = 0;
};

}  // namespace airlock
