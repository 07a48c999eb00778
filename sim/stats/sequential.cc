#include "sim/stats/sequential.h"

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/zeta.hpp>
#include <cmath>
#include <limits>

#include "sim/stats/interval.h"

namespace airlock {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

bool IsProbability(double p) { return 0 < p && p < 1; }

// log of the incomplete beta integral from 0 to `x` of
// u^(a - 1) (1 - u)^(b - 1).
double LogIncompleteBeta(double a, double b, double x) {
  return std::log(boost::math::ibeta(a, b, x)) + std::lgamma(a) +
         std::lgamma(b) - std::lgamma(a + b);
}

double LogBinomialLikelihood(int64_t successes, int64_t trials, double share) {
  const auto k = static_cast<double>(successes);
  const auto rest = static_cast<double>(trials - successes);
  // 0 log 0 is 0.
  return (k == 0 ? 0 : k * std::log(share)) +
         (rest == 0 ? 0 : rest * std::log1p(-share));
}

}  // namespace

double NormalMixtureBoundary(double variance, double alpha, double rho) {
  if (!(variance >= 0) || !IsProbability(alpha) || !(rho > 0)) return kNaN;
  const double sum = variance + rho;
  return std::sqrt(sum * std::log(sum / (alpha * alpha * rho)));
}

double MixtureRho(double variance, double alpha) {
  if (!(variance > 0) || !IsProbability(alpha)) return kNaN;
  const double twice_log = 2 * std::log(1 / alpha);
  return variance / (twice_log + std::log(1 + twice_log));
}

double StitchedBoundary(double variance, double alpha, double least_variance,
                        double scale) {
  if (!(variance >= 0) || !IsProbability(alpha) || !(least_variance > 0) ||
      !(scale >= 0)) {
    return kNaN;
  }
  constexpr double kEta = 2;
  constexpr double kS = 1.4;
  const double v = std::max(variance, least_variance);
  const double k1 =
      (std::pow(kEta, 0.25) + std::pow(kEta, -0.25)) / std::sqrt(2.0);
  const double k2 = (std::sqrt(kEta) + 1) / 2;
  const double l =
      kS * std::log(std::log(kEta * v / least_variance)) +
      std::log(boost::math::zeta(kS) / (alpha * std::pow(std::log(kEta), kS)));
  return std::sqrt(k1 * k1 * v * l + k2 * k2 * scale * scale * l * l) +
         k2 * scale * l;
}

double AsymptoticRadius(double standard_deviation, int64_t n, double alpha,
                        double rho) {
  if (n < 1 || !(standard_deviation >= 0) || !IsProbability(alpha) ||
      !(rho > 0)) {
    return kNaN;
  }
  const auto count = static_cast<double>(n);
  const double grown = count * rho * rho + 1;
  return standard_deviation *
         std::sqrt(2 * grown / (count * count * rho * rho) *
                   std::log(std::sqrt(grown) / alpha));
}

// With right Haar prior 1/sigma and effect sizes N(0, g), both integrals over
// sigma are gamma functions; their ratio is
//   (1 + n g)^(-1/2) ((nu + t^2) / (nu + t^2 / (1 + n g)))^(n / 2),
// nu = n - 1, and the share of it from effects below 0 is Student's
// distribution function with n degrees of freedom at
//   -t sqrt(n) sqrt(n g / (1 + n g)) / sqrt(nu + t^2 / (1 + n g)).
double TMixtureLogEvidence(double t, int64_t n, double spread) {
  if (std::isnan(t) || !(spread > 0)) return kNaN;
  if (n < 2) return 0;
  const auto count = static_cast<double>(n);
  const double nu = count - 1;
  const double grown = 1 + count * spread;
  double log_ratio = 0;
  double argument = 0;
  if (std::isinf(t)) {
    log_ratio = count / 2 * std::log(grown);
    argument = std::copysign(std::sqrt(count * count * spread), t);
  } else {
    const double rest = nu + t * t / grown;
    log_ratio = count / 2 * std::log((nu + t * t) / rest);
    argument = t * std::sqrt(count) * std::sqrt(count * spread / grown) /
               std::sqrt(rest);
  }
  return log_ratio - std::log(grown) / 2 +
         std::log(2 * StudentTCdf(-argument, count));
}

// The Illinois variant of false position, from where the two-sided mixture at
// 2 alpha crosses, which is closed and near.
double TMixtureCritical(int64_t n, double alpha, double spread) {
  if (!IsProbability(alpha) || !(spread > 0)) return kNaN;
  const auto lacking = [&](double t) {
    return TMixtureLogEvidence(-t, n, spread) + std::log(alpha);
  };
  if (!(lacking(kInfinity) >= 0)) return kInfinity;
  const auto count = static_cast<double>(n);
  const double grown = 1 + count * spread;
  const double k = std::pow(std::sqrt(grown) / (2 * alpha), 2 / count);
  double high = k < grown ? std::sqrt((count - 1) * (k - 1) / (1 - k / grown))
                          : 2 * count;
  high = std::max(high, 0.1);
  double low = high;
  double at_low = lacking(high);
  double at_high = at_low;
  double step = 1.02;
  for (; at_high < 0; step *= step) {
    low = high;
    at_low = at_high;
    high *= step;
    at_high = lacking(high);
  }
  for (; at_low >= 0; step *= step) {
    high = low;
    at_high = at_low;
    low /= step;
    at_low = lacking(low);
  }
  int side = 0;  // which end the last step moved
  for (int i = 0; i < 60 && high - low > 1e-12 * high; ++i) {
    const double t = (low * at_high - high * at_low) / (at_high - at_low);
    const double at = lacking(t);
    if (std::abs(at) < 1e-11) return t;
    if (at > 0) {
      high = t;
      at_high = at;
      if (side == 1) at_low /= 2;
      side = 1;
    } else {
      low = t;
      at_low = at;
      if (side == -1) at_high /= 2;
      side = -1;
    }
  }
  return high;
}

double TMixtureSpread(int64_t n, double alpha) {
  // One-sided at alpha is nearly two-sided at 2 alpha.
  return 1 / MixtureRho(static_cast<double>(std::max<int64_t>(2, n)),
                        std::min(0.5, 2 * alpha));
}

double ShareBelowLogEvidence(int64_t successes, int64_t trials, double share) {
  if (successes < 0 || successes > trials || !(share >= 0 && share <= 1)) {
    return kNaN;
  }
  if (trials == 0 || share == 0) return 0;
  if (share == 1) return successes < trials ? kInfinity : 0;
  const double a = static_cast<double>(successes) + 1;
  const double b = static_cast<double>(trials - successes) + 1;
  return LogIncompleteBeta(a, b, share) - std::log(share) -
         LogBinomialLikelihood(successes, trials, share);
}

double ShareAboveLogEvidence(int64_t successes, int64_t trials, double share) {
  return ShareBelowLogEvidence(trials - successes, trials, 1 - share);
}

double ShareUpperSequence(int64_t successes, int64_t trials, double alpha) {
  if (successes < 0 || successes > trials || !IsProbability(alpha)) return kNaN;
  const double threshold = -std::log(alpha);
  double low = trials == 0 ? 1
                           : static_cast<double>(successes) /
                                 static_cast<double>(trials);
  double high = 1;
  for (int i = 0; i < 60 && high - low > 1e-12; ++i) {
    const double middle = (low + high) / 2;
    (ShareBelowLogEvidence(successes, trials, middle) >= threshold ? high
                                                                   : low) =
        middle;
  }
  return high;
}

double PredictivePower(double mean, double standard_deviation, int64_t n,
                       int64_t most, double critical) {
  if (n < 2 || std::isnan(mean) || !(standard_deviation >= 0)) return kNaN;
  const auto now = static_cast<double>(n);
  const auto then = static_cast<double>(std::max(n, most));
  const double target = -critical * standard_deviation / std::sqrt(then);
  const double spread =
      standard_deviation * std::sqrt(std::max(0.0, 1 / now - 1 / then));
  if (spread == 0) return mean < target ? 1 : 0;
  return StudentTCdf((target - mean) / spread, now - 1);
}

}  // namespace airlock
