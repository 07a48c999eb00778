#pragma once

#include <string>
#include <vector>

#include "sim/scenario/calibration_profile.h"

namespace airlock {

// What a calibration by sampling measured of itself.
struct CredibilityEvidence {
  int64_t fit_rows = 0, fit_points = 0;  // that were fitted to
  double repeats = 0;                    // rows a point, mean
  bool all_rows = false;                 // every row of the trace was compared
  bool beyond = false;  // held-out inputs lie outside those fitted
  // Parameters whose 90 % interval is narrower than 0.7 of the prior's.
  int64_t told = 0, parameters = 0;
  // How far the posterior means move when the discrepancy is left out, in
  // standard deviations with it: the greatest. NaN: without it the sampler did
  // not converge.
  double shift = 0;
  // Standard errors of the log evidences.
  double log_evidence_error = 0, log_evidence_error_without = 0;
  int64_t repeatable_runs = 0;  // of the engine, all by seed
};

// Of simulation-based calibration, below which nothing is said of ranks: five
// a rank (RankOptions).
int64_t FewestRankSimulations();

// Eight factors in the manner of NASA-STD-7009B (2024, appendix E), with levels
// 0..4 by rule from what was measured; the evidence says the numbers. Rules:
//   data pedigree      1 fewer than 50 rows; 2 more; 3 repeated three times a
//                      point or more, so their noise is known
//   verification       1 emulators cover less than 80 %; 2 they cover; 3 and
//                      ranks were checked and are uniform; 0 if they are not
//                      (five simulations a rank or more, else not checked)
//   validation         0 nothing to judge on; 1 no KPI within the limits; 2
//                      some; 3 all; 4 all and held-out inputs beyond the fitted
//                      ones, no row of the trace left out
//   input pedigree     1 no parameter is told by the trace; 2 some; 3 all
//   uncertainty        0 nothing judged; 1 no KPI's interval covers as it says;
//                      2 some; 3 all; 4 all and uniform ranks
//   robustness         by `shift`: 3 less than 1; 2 less than 3; 1 more, or not
//                      known
//   use history        0: a calibration has none when it is made
//   process            2: versions, digests and seeds are on record, every run
//                      is repeatable; 1 without a digest
std::vector<CredibilityFactor> AssessCredibility(
    const CalibrationProfile& profile, const CredibilityEvidence& evidence);

}  // namespace airlock
