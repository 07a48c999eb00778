#pragma once

#include <cstdint>
#include <vector>

#include "sim/stats/interval.h"

namespace airlock {

// QuantileInterval() for values that are worth only `effective` independent
// ones (1 <= effective <= n; EffectiveSampleSize() of the indicator of lying
// above the quantile): the ranks are those of `effective` values, widened to
// the next rank among all.
Interval EffectiveQuantileInterval(const std::vector<double>& values, double p,
                                   double confidence, double effective);

// The fewest independent values with an upper bound of their quantile p at the
// one-sided `confidence`: p^n <= 1 - confidence. 59 for .95 at 95 %, 299 for
// .99. 0 for p or a confidence outside (0, 1).
int64_t FewestForQuantile(double p, double confidence);

// a - factor * b from their intervals, which are independent: the method of
// variance estimates recovery (Zou and Donner, "Construction of confidence
// limits about effect measures", Statistics in Medicine 27, 2008, eq. 7). A
// bound that one of them lacks is infinite.
Interval IntervalOfDifference(const Interval& a, const Interval& b,
                              double factor = 1);

// One value each whose mean is the conditional value at risk, that is the mean
// of the worst (largest) 1 - q of the values, and whose spread over the root of
// n is its standard error to first order: VaR + max(0, x - VaR) / (1 - q),
// VaR the quantile q (Rockafellar and Uryasev, "Optimization of conditional
// value-at-risk", J. of Risk 2, 2000, eq. 4). Any mean's test is thus one of
// the tail. Empty for empty or missing values or q outside [0, 1).
std::vector<double> TailMeanTerms(const std::vector<double>& values, double q);

// |x - median|: the deviations that Brown and Forsythe compare. Their mean is a
// measure of spread, and any mean's test one of spread. Empty for empty or
// missing values.
std::vector<double> DeviationsFromMedian(const std::vector<double>& values);

// Sample skewness, m3 / m2^1.5 (biased); NaN below 3 values, 0 without spread.
double Skewness(const std::vector<double>& values);

// The longest run of equal neighbours.
int64_t LongestSpell(const std::vector<double>& values);

}  // namespace airlock
