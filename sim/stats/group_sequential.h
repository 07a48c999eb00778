#pragma once

#include <cstdint>
#include <vector>

namespace airlock {

// How much of the error a group-sequential test may have spent when the share t
// of the planned information is there (Lan and DeMets, "Discrete sequential
// boundaries for clinical trials", Biometrika 70, 1983).
enum class Spending {
  kObrienFleming,  // 2 - 2 Phi(z_(alpha / 2) / sqrt(t)): little early
  kPocock,         // alpha log(1 + (e - 1) t): nearly even
  kQuadratic,      // alpha t^2 (Kim and DeMets, Biometrika 74, 1987)
};

// `alpha` times nothing at t = 0, all of it at t = 1 and beyond.
double SpentError(Spending spending, double alpha, double information);

struct GroupSequentialLook {
  double information = 0;    // share of the planned, in (0, 1]
  double spent = 0;          // error up to and with this look, all sides
  double critical = 0;       // of the z statistic; infinite: no look
  double nominal_alpha = 0;  // P(|Z| or Z >= critical), all sides
};

// The critical values of looks at increasing shares of the planned information
// (more than planned counts as all). `sides` 1: reject where z >= critical; 2:
// where |z| is, each side spending half of alpha by its own function. The joint
// distribution of the looks is integrated numerically (Armitage, McPherson and
// Rowe, JRSS A 132, 1969) to about 1e-6. A t statistic is judged by its p-value
// against `nominal_alpha` (Jennison and Turnbull, "Group Sequential Methods",
// section 4.4). Empty for arguments out of range.
std::vector<GroupSequentialLook> GroupSequentialBounds(
    const std::vector<double>& information, double alpha, int sides,
    Spending spending);

// The level of Student's one-sided t test of the first n of `most` independent
// normal values, for n = 1 .. most, such that all tests from `first` (>= 2)
// values on together reject a true null with probability alpha at most: the
// nominal levels above, which are for a known variance, all times one factor
// (<= 1). That is the alpha quantile of the least p-value per level of 50000
// simulated series, less two standard errors. 0 for n < first.
std::vector<double> PlannedTLevels(int64_t first, int64_t most, double alpha,
                                   Spending spending);

}  // namespace airlock
