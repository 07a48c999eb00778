#pragma once

#include <optional>
#include <string>
#include <vector>

#include "twin/gate/criteria/judging.h"

namespace airlock {

// Two series that are compared: the candidate's, and the other's.
struct Compared {
  std::vector<double> candidate;
  std::vector<double> other;
  bool paired = true;
  bool autocorrelated = false;
};

// How far the candidate's mean is from (1 + limit) times the other's (or, for
// an absolute limit, from the other's plus the limit), measured in the
// direction `orientation` (+1: it must stay below).
//   - Values that are independent, positive, and have a relative limit are
//     compared by their logarithms: paired or Welch's t test of the ratio of
//     geometric means, which is that of the means where both have the same
//     relative spread.
//   - Else the mean of candidate - (1 + limit) * other decides, whose test of
//     "beyond the limit" is exact in the means (Fieller's argument); where
//     values are autocorrelated, by batch means of batches of at least twice
//     the integrated autocorrelation time.
// `linear` forbids logarithms. Nothing, and `*why`, and `*needed` if known, if
// there are too few values.
std::optional<Gap> GapBetween(const Compared& compared, const Amount& margin,
                              double limit, double orientation, bool linear,
                              bool in_pairs, std::string* why, int64_t* needed);

// The mean of `values` beside an absolute limit. Few skewed values have no t
// interval: n must exceed 25 times the squared skewness (Cochran, "Sampling
// Techniques", 3rd ed., eq. 2.22).
std::optional<Gap> GapFromLimit(const std::vector<double>& values,
                                bool autocorrelated, double limit,
                                double orientation, std::string* why,
                                int64_t* needed);

// "candidate's change beyond its limit" of one KPI, of whatever series the
// caller made of its samples: the whole judgement for one limit.
struct OneSided {
  Amount margin;
  double limit = 0;        // as shown
  double orientation = 1;  // +1: must stay below the limit
  bool linear = false;
  std::string what;  // "change of the mean absolute error"
  // Where the power is told: at this change, or at the estimate.
  std::optional<double> power_at;
};
CriterionResult JudgeOneSided(CriterionResult result, const Compared& compared,
                              const OneSided& question,
                              const CriterionConfig& config,
                              const Evidence& evidence, KpiSource source);

// The margin's unit must be the KPI's; else why not.
std::string WrongUnit(const Amount& amount, const KpiSamples& samples);

// "KIND against OTHER", with the KPI and the source where they are not the
// predictions' error on the held-out part.
std::string LabelOf(const CriterionConfig& config, bool against);
// "change of the mean absolute error in the twin".
std::string QuantityOf(const CriterionConfig& config, const char* statistic);

}  // namespace airlock
