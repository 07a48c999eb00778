#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace airlock {

// A decision that somebody made, with the probability that they made it with,
// and what another policy would have done in their place.
struct LoggedDecision {
  std::vector<double> features;  // of the state: what both policies saw
  int64_t action = 0;
  double propensity = 1;  // of the action, by who decided
  double reward = 0;      // that followed
  // Of every action, by the policy to be evaluated.
  std::vector<double> target;
};

// Episodes of decisions of one policy, the behaviour.
struct DecisionLog {
  std::vector<std::string> features;  // their names
  int64_t actions = 0;
  std::vector<std::vector<LoggedDecision>> episodes;

  int64_t decisions() const;
  // The largest number of steps of an episode.
  int64_t horizon() const;
};

// Throws InputError that says which episode and step is wrong and what is
// allowed: propensities in (0, 1], finite numbers, an action that there is,
// probabilities of the target that add up to 1, an episode without a step.
void CheckLog(const DecisionLog& log);

// Reads a CSV with the columns `episode`, `step` (from 0, ascending), `action`
// (from 0), `propensity`, `reward`, one `x.NAME` for each feature and one
// `p.0`, `p.1`, ... for each action: the target's probabilities. Rows of an
// episode stand together. Throws InputError with file and line.
DecisionLog ReadDecisionLog(const std::string& path);
DecisionLog ParseDecisionLog(const std::string& text, const std::string& name);

}  // namespace airlock
