#pragma once

#include <limits>
#include <string>
#include <vector>

#include "sim/optimisation/search_space.h"

namespace airlock {

// What came out at one point.
struct Evaluation {
  std::vector<double> point;
  // To be minimised. Not finite: the evaluation failed, and its point counts as
  // infeasible.
  double value = std::numeric_limits<double>::quiet_NaN();
  // The variance of the error of `value`. NaN: unknown; 0: exact.
  double noise_variance = std::numeric_limits<double>::quiet_NaN();
  // Feasible where all are <= 0. One that is not finite is not met. May be
  // empty where the evaluation failed.
  std::vector<double> constraints;

  bool failed() const;
  bool feasible() const;
};

// Searches a box for the least value of a function that is dear to evaluate:
//
//   while (!optimiser.Finished() && budget-- > 0) {
//     Evaluation evaluation;
//     evaluation.point = optimiser.Ask();
//     evaluation.value = f(evaluation.point);
//     optimiser.Tell(evaluation);
//   }
//
// Owns the evaluations it was told, in their order. The next point depends only
// on the seed and on them, so a search is continued by telling a new optimiser
// what the old one was told.
class Optimiser {
 public:
  // `constraints`: how many each evaluation brings. InputError: as SearchSpace.
  Optimiser(std::vector<SearchDimension> dimensions, int constraints);
  virtual ~Optimiser() = default;

  // The point to evaluate next. Twice without a Tell gives the same point.
  virtual std::vector<double> Ask() = 0;
  // True once searching on is not expected to pay. Ask() still works.
  virtual bool Finished() const = 0;

  // Learns an evaluation: of an asked point, or of any earlier search (warm
  // start). InputError (nothing is learnt): a point outside the box, the wrong
  // number of constraints, a negative noise variance.
  void Tell(const Evaluation& evaluation);

  // The best feasible evaluation; if there is none, the one that violates the
  // constraints least, a failed one last. At least one must have been told.
  const Evaluation& Best() const;

  const std::vector<Evaluation>& evaluations() const { return evaluations_; }
  const SearchSpace& space() const { return space_; }

 protected:
  // What Best() compares feasible evaluations by: the values as they were told,
  // or better estimates of what they stand for (one for each evaluation).
  virtual std::vector<double> Estimates() const;
  // Called after an evaluation was learnt.
  virtual void Learnt() {}

  int constraints() const { return constraints_; }

 private:
  SearchSpace space_;
  int constraints_;
  std::vector<Evaluation> evaluations_;
};

}  // namespace airlock
