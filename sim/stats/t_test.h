#pragma once

#include <cstdint>
#include <vector>

#include "sim/stats/interval.h"

namespace airlock {

// The difference of two means, b - a. `degrees_of_freedom` by Welch and
// Satterthwaite if unpaired, n - 1 if paired. Where both samples are constant
// the standard error is 0, the interval a point and p 0 or 1.
struct MeanDifference {
  Interval difference;  // two-sided
  double standard_error = 0;
  double degrees_of_freedom = 0;
  double t = 0;
  double p_value = 1;  // two-sided, against "no difference"
};

// Unequal variances, independent samples; at least 2 values each.
MeanDifference WelchTest(const std::vector<double>& a,
                         const std::vector<double>& b, double confidence);
// a[i] belongs to b[i] (common random numbers); at least 2 pairs. Sizes must be
// equal, or the result is unknown.
MeanDifference PairedTest(const std::vector<double>& a,
                          const std::vector<double>& b, double confidence);

enum class Better { kLower, kHigher };

// Is the candidate at most `margin` worse than the incumbent? One-sided test of
// H0 "worse by margin or more" at level alpha; margin >= 0 in the values' unit.
struct NonInferiority {
  Interval difference;  // candidate - incumbent, two-sided at 1 - 2 alpha, so
                        // that "bound within the margin" is the test
  double p_value = 1;   // of H0: inferior by at least the margin
  bool non_inferior = false;  // p_value < alpha; false if unknown
  bool inferior = false;      // the whole interval is beyond the margin
  double power = 0;           // if the true difference were 0, with this n
  int64_t required_n = 0;  // an arm (or pairs), for power 0.8 at difference 0;
                           // 0 if it cannot be told (margin 0 or unknown sd)
};
NonInferiority TestNonInferiority(const std::vector<double>& incumbent,
                                  const std::vector<double>& candidate,
                                  Better better, double margin, bool paired,
                                  double alpha);

// P(a one-sided t test at `alpha` rejects | the truth lies `distance` beyond
// the limit in the direction that is tested): noncentral t.
double TTestPower(double distance, double standard_error,
                  double degrees_of_freedom, double alpha);

// Two one-sided tests of "the difference lies outside (low, high)" (Schuirmann,
// J. Pharmacokinetics and Biopharmaceutics 15, 1987): the larger of their two
// p-values. Equivalent where it is below alpha. NaN if something is unknown.
double TostPValue(const MeanDifference& test, double low, double high);

// Values an arm (two independent arms) or pairs that a one-sided t test at
// `alpha` needs for `power` when the true difference is `effect` standard
// deviations from the limit; normal approximation 2 (z_a + z_b)^2 / effect^2
// (half of that if paired), rounded up. 0.5, 0.8, 0.05 gives 50.
int64_t RequiredSampleSize(double effect, double power, double alpha,
                           bool paired);

// Holm, "A simple sequentially rejective multiple test procedure",
// Scand. J. Statist. 6 (1979): adjusted p-values in the given order; reject
// where adjusted < alpha. NaN counts as 1 and stays NaN.
std::vector<double> HolmAdjusted(const std::vector<double>& p_values);

}  // namespace airlock
