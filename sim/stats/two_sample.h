#pragma once

#include <vector>

#include "sim/stats/interval.h"

namespace airlock {

struct TestResult {
  double statistic = 0;
  double p_value = 1;  // two-sided unless the function says otherwise
};

// Two-sample Kolmogorov-Smirnov: the largest distance of the two ECDFs, and
// the asymptotic p-value with effective n = n m / (n + m) and Stephens' small
// sample correction (Press et al., "Numerical Recipes", 3rd ed., eq. 14.3.18).
TestResult KolmogorovSmirnov(const std::vector<double>& a,
                             const std::vector<double>& b);

// Two-sample Cramer-von Mises T (Anderson, "On the distribution of the
// two-sample Cramer-von Mises criterion", Annals of Math. Stat. 33, 1962); the
// p-value from the limiting distribution after Anderson's correction of mean
// and variance. Ties take mid-ranks.
TestResult CramerVonMises(const std::vector<double>& a,
                          const std::vector<double>& b);

// The value that the limiting distribution of each test's normed statistic
// exceeds with probability alpha, 0 < alpha < 1: of (sqrt(N) + .12 + .11 /
// sqrt(N)) D, and of T at its limiting mean 1/6 and variance 1/45.
double KolmogorovSmirnovCritical(double alpha);
double CramerVonMisesCritical(double alpha);

// The area between the two ECDFs, in the values' unit; exact for unequal
// sizes. A shift by c gives c.
double Wasserstein1(const std::vector<double>& a, const std::vector<double>& b);

// Szekely and Rizzo: 2 E|X-Y| - E|X-X'| - E|Y-Y'| >= 0, in the values' unit,
// over all pairs (V-statistic). Equals twice the squared area between the
// ECDFs. O(n log n).
double EnergyDistance(const std::vector<double>& a,
                      const std::vector<double>& b);

enum class LogBase { kNats, kBits };

// Jensen-Shannon divergence of two histograms over the same bins (Lin, IEEE
// Trans. Inf. Theory 37, 1991): counts >= 0, normalised here; 0 log 0 = 0, no
// floor. Between 0 and ln 2 nats (1 bit). NaN if either is empty.
double JensenShannon(const std::vector<double>& counts_a,
                     const std::vector<double>& counts_b,
                     LogBase base = LogBase::kNats);
// The bound: ln 2 or 1.
double JensenShannonBound(LogBase base);

// How many of `values` fall in (-inf, edges[0]), [edges[0], edges[1]), ...,
// [edges.back(), inf): edges.size() + 1 counts. Edges strictly increase.
// Missing values are not counted.
std::vector<double> Histogram(const std::vector<double>& values,
                              const std::vector<double>& edges);
// The bins' inner edges at the quantiles 1/bins, 2/bins, ... of `reference`
// (equal shares); fewer where values repeat.
std::vector<double> QuantileEdges(const std::vector<double>& reference,
                                  int bins);

// Equality of spread: Brown and Forsythe, JASA 69 (1974), the F test on
// absolute deviations from the medians.
TestResult BrownForsythe(const std::vector<double>& a,
                         const std::vector<double>& b);

// Mann-Whitney U of `a` against `b`, with mid-ranks; p by the normal
// approximation with tie and continuity correction.
TestResult MannWhitney(const std::vector<double>& a,
                       const std::vector<double>& b);

// The median of all b_j - a_i (Hodges and Lehmann, 1963), with the interval of
// the ordered differences that belongs to the Mann-Whitney test (normal
// approximation; Hollander and Wolfe, section 4.3). O(n m).
Interval HodgesLehmann(const std::vector<double>& a,
                       const std::vector<double>& b, double confidence);

}  // namespace airlock
