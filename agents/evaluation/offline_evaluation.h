#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agents/evaluation/decision_log.h"
#include "sim/stats/interval.h"

// What a policy would have earned an episode, from what another one did (off-
// policy evaluation). rho_t is the product of target / propensity of the
// actions to step t, rho of the whole episode, G its discounted return.
namespace airlock {

struct OfflineOptions {
  double gamma = 1;
  double confidence = 0.95;      // two-sided, of every interval
  double ridge = 1e-6;           // of the least squares, times decisions
  int64_t resamples = 200;       // of episodes, for the error of FQE
  double least_effective = 50;   // effective samples
  double most_disagreement = 2;  // standard errors
  uint64_t seed = 1;             // of the resamples
};

struct OfflineEstimate {
  std::string estimator;
  double standard_error = 0;
  Interval value;
};

struct OfflineAnswer {
  // "is": mean rho G; "wis": the same over the sum of rho; "pdis": mean of sum
  // gamma^t rho_t r_t (Precup, Sutton and Singh 2000); "dr": doubly robust
  // (Jiang and Li 2016, eq. 10), its Q from FQE on the other half of the
  // episodes; "fqe": fitted Q evaluation (Le, Voloshin and Yue 2019), linear in
  // the features for each action and step.
  std::vector<OfflineEstimate> estimates;
  // What the log's own policy earned, and DR minus that, by episode.
  OfflineEstimate logged;
  OfflineEstimate improvement;
  double effective_samples = 0;  // (sum rho)^2 / sum rho^2 (Kong 1992)
  int64_t episodes = 0;
  // Why no number above is to be relied upon; empty: DR is the answer.
  std::string refusal;

  const OfflineEstimate& Find(const std::string& estimator) const;
};

// Evaluates the log's target policy. Refuses below `least_effective` effective
// samples, and where DR and another estimator are further apart than
// `most_disagreement` times the root of their summed squared errors: then a
// model, a propensity or the support is wrong. IS, PDIS and DR have t intervals
// over episodes, WIS that of its linearisation, FQE one of its bootstrap's
// standard error. Throws InputError as CheckLog(), for fewer than two episodes
// and for options out of range. Where the target does what the log never did
// nothing can show it: propensities must be those that were drawn from.
OfflineAnswer EvaluateOffline(const DecisionLog& log,
                              const OfflineOptions& options = {});

}  // namespace airlock
