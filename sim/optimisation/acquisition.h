#pragma once

namespace airlock {

// A function of one variable and its derivative.
struct Differentiable {
  double value = 0;
  double derivative = 0;
};

// log h(z) with h(z) = phi(z) + z Phi(z), the expected improvement of a
// standard normal over -z (Ament et al., "Unexpected improvements to expected
// improvement for Bayesian optimization", NeurIPS 2023, eq. 9). Finite for
// every finite z whose square is finite, also where h underflows (z < -38). The
// paper uses erfcx and a two-term limit; here the continued fraction of Mills'
// ratio (Abramowitz and Stegun 26.2.14) serves below z = -8, which cancels
// nowhere.
Differentiable LogUnitImprovement(double z);

// log Phi(z), by the same means.
Differentiable LogNormalCdf(double z);

// The expected amount by which a normal value is below `best`, and its
// logarithm. standard_deviation >= 0; at 0 the logarithm is that of
// max(best - mean, 0), -infinity where there is no improvement.
double ExpectedImprovement(double mean, double standard_deviation, double best);
double LogExpectedImprovement(double mean, double standard_deviation,
                              double best);

}  // namespace airlock
