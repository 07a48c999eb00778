#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace airlock {

// A point estimate with a confidence interval. Unknown (all NaN) where there
// are too few values; a bound may be infinite where it is one-sided.
struct Interval {
  double estimate = std::numeric_limits<double>::quiet_NaN();
  double low = std::numeric_limits<double>::quiet_NaN();
  double high = std::numeric_limits<double>::quiet_NaN();

  bool known() const { return low <= high; }
  bool Contains(double x) const { return low <= x && x <= high; }
  double half_width() const { return (high - low) / 2; }
};

// Distribution functions and their inverses; 0 < p < 1, degrees of freedom > 0
// (need not be whole).
double NormalCdf(double z);
double NormalQuantile(double p);
double StudentTCdf(double t, double degrees_of_freedom);
double StudentTQuantile(double p, double degrees_of_freedom);
double FisherFCdf(double f, double degrees_of_freedom_1,
                  double degrees_of_freedom_2);
// P(X >= x) of a chi-squared variable, without the cancellation of 1 - P.
double ChiSquaredTail(double x, double degrees_of_freedom);
// P(X <= k) of a binomial with n trials of probability p.
double BinomialCdf(int64_t k, int64_t n, double p);
// P(X >= k) of a Poisson variable of mean `mean` (>= 0; NaN below), without the
// cancellation of 1 - P(X < k).
double PoissonTail(int64_t k, double mean);

// The mean with its two-sided t interval. Values must be independent (see
// batch_means.h for a time series). Two values at least.
Interval MeanInterval(const std::vector<double>& values, double confidence);

// The same from mean, standard error and degrees of freedom.
Interval TInterval(double mean, double standard_error,
                   double degrees_of_freedom, double confidence);

// A proportion with the exact interval of Clopper and Pearson, Biometrika 26
// (1934), from beta quantiles. 0 <= successes <= trials; trials > 0, or the
// interval is unknown.
Interval ClopperPearson(int64_t successes, int64_t trials, double confidence);
// The one-sided upper bound: at 95 %, 0 of 59 gives just under 5 %.
double ClopperPearsonUpper(int64_t successes, int64_t trials,
                           double confidence);

// The quantile p (type 7) with a distribution-free interval between two order
// statistics: the tightest pair of ranks l < u, taken symmetrically in
// probability, with P(l <= Binomial(n, p) < u) >= confidence (David and
// Nagaraja, "Order Statistics", 3rd ed., section 7.1). A bound is infinite
// where n is too small to have one, so that a p99 of 50 values has no upper
// bound instead of a wrong one. Values must be independent.
Interval QuantileInterval(const std::vector<double>& values, double p,
                          double confidence);

}  // namespace airlock
