#include "sim/optimisation/optimiser.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double Violation(const Evaluation& evaluation) {
  if (evaluation.failed()) return kInfinity;
  double sum = 0;
  for (double constraint : evaluation.constraints) {
    if (!std::isfinite(constraint)) return kInfinity;
    sum += std::max(constraint, 0.0);
  }
  return sum;
}

}  // namespace

bool Evaluation::failed() const { return !std::isfinite(value); }

bool Evaluation::feasible() const {
  return !failed() &&
         std::all_of(constraints.begin(), constraints.end(),
                     [](double c) { return std::isfinite(c) && c <= 0; });
}

Optimiser::Optimiser(std::vector<SearchDimension> dimensions, int constraints)
    : space_(std::move(dimensions)), constraints_(constraints) {
  if (constraints < 0) {
    throw InputError(
        fmt::format("{} constraints; 0 or more are allowed", constraints));
  }
}

void Optimiser::Tell(const Evaluation& evaluation) {
  space_.Check(evaluation.point);
  const size_t given = evaluation.constraints.size();
  const bool none = evaluation.failed() && given == 0;
  if (!none && given != static_cast<size_t>(constraints_)) {
    throw InputError(
        fmt::format("an evaluation with {} constraints; the "
                    "search has {}",
                    given, constraints_));
  }
  const double noise = evaluation.noise_variance;
  if (!std::isnan(noise) && !(noise >= 0 && std::isfinite(noise))) {
    throw InputError(
        fmt::format("a noise variance of {}; 0 or more, or NaN "
                    "where it is not known",
                    noise));
  }
  evaluations_.push_back(evaluation);
  Learnt();
}

std::vector<double> Optimiser::Estimates() const {
  std::vector<double> values;
  values.reserve(evaluations_.size());
  for (const Evaluation& evaluation : evaluations_) {
    values.push_back(evaluation.value);
  }
  return values;
}

const Evaluation& Optimiser::Best() const {
  AIRLOCK_CHECK(!evaluations_.empty(), "Best() before the first Tell()");
  const std::vector<double> estimates = Estimates();
  int best = -1;
  for (int i = 0; i < static_cast<int>(evaluations_.size()); ++i) {
    if (!evaluations_[i].feasible()) continue;
    if (best < 0 || estimates[i] < estimates[best]) best = i;
  }
  if (best >= 0) return evaluations_[best];
  return *std::min_element(evaluations_.begin(), evaluations_.end(),
                           [](const Evaluation& a, const Evaluation& b) {
                             return Violation(a) < Violation(b);
                           });
}

}  // namespace airlock
