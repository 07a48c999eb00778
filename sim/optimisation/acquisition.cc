#include "sim/optimisation/acquisition.h"

#include <cmath>
#include <limits>

namespace airlock {
namespace {

constexpr double kLogSqrtTwoPi = 0.91893853320467274178;
constexpr double kSqrtHalf = 0.70710678118654752440;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Below this the tail is computed by its continued fraction.
constexpr double kTail = -8;

double Density(double z) { return std::exp(-0.5 * z * z - kLogSqrtTwoPi); }
double Cdf(double z) { return 0.5 * std::erfc(-z * kSqrtHalf); }

// K(x) = 1/(x + 2/(x + 3/(x + ...))), x >= 8. Mills' ratio Phi(-x)/phi(x) is
// 1/(x + K), and 1 - x times it, h(-x)/phi(x), is K/(x + K). Forty terms leave
// a relative error below 1e-15 at x = 8.
double MillsRest(double x) {
  double rest = 0;
  for (int k = 40; k >= 1; --k) rest = k / (x + rest);
  return rest;
}

}  // namespace

Differentiable LogUnitImprovement(double z) {
  // h'(z) = Phi(z).
  if (z >= kTail) {
    const double cdf = Cdf(z);
    const double h = Density(z) + z * cdf;
    return {std::log(h), cdf / h};
  }
  const double x = -z;
  const double rest = MillsRest(x);
  return {-0.5 * x * x - kLogSqrtTwoPi + std::log(rest / (x + rest)), 1 / rest};
}

Differentiable LogNormalCdf(double z) {
  if (z > 0) {
    const double upper = 0.5 * std::erfc(z * kSqrtHalf);
    return {std::log1p(-upper), Density(z) / (1 - upper)};
  }
  if (z >= kTail) {
    const double cdf = Cdf(z);
    return {std::log(cdf), Density(z) / cdf};
  }
  const double x = -z;
  const double rest = MillsRest(x);
  return {-0.5 * x * x - kLogSqrtTwoPi - std::log(x + rest), x + rest};
}

double ExpectedImprovement(double mean, double standard_deviation,
                           double best) {
  return std::exp(LogExpectedImprovement(mean, standard_deviation, best));
}

double LogExpectedImprovement(double mean, double standard_deviation,
                              double best) {
  if (standard_deviation == 0) {
    return best > mean ? std::log(best - mean) : -kInfinity;
  }
  const double z = (best - mean) / standard_deviation;
  // h(z) is z to the last digit there, and phi(z) 0.
  if (z > 40) return std::log(best - mean);
  return std::log(standard_deviation) + LogUnitImprovement(z).value;
}

}  // namespace airlock
