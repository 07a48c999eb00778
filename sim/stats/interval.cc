#include "sim/stats/interval.h"

#include <algorithm>
#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>

#include "sim/stats/moments.h"
#include "sim/stats/quantile.h"

namespace airlock {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

bool IsProbability(double p) { return 0 < p && p < 1; }

}  // namespace

double NormalCdf(double z) {
  if (!std::isfinite(z)) return std::isnan(z) ? kNaN : (z > 0 ? 1 : 0);
  return boost::math::cdf(boost::math::normal(), z);
}

double NormalQuantile(double p) {
  return IsProbability(p) ? boost::math::quantile(boost::math::normal(), p)
                          : kNaN;
}

double StudentTCdf(double t, double degrees_of_freedom) {
  if (std::isnan(t) || !(degrees_of_freedom > 0)) return kNaN;
  if (std::isinf(t)) return t > 0 ? 1 : 0;
  return boost::math::cdf(boost::math::students_t(degrees_of_freedom), t);
}

double StudentTQuantile(double p, double degrees_of_freedom) {
  if (!IsProbability(p) || !(degrees_of_freedom > 0)) return kNaN;
  return boost::math::quantile(boost::math::students_t(degrees_of_freedom), p);
}

double FisherFCdf(double f, double degrees_of_freedom_1,
                  double degrees_of_freedom_2) {
  if (std::isnan(f) || !(degrees_of_freedom_1 > 0) ||
      !(degrees_of_freedom_2 > 0)) {
    return kNaN;
  }
  if (f <= 0) return 0;
  if (std::isinf(f)) return 1;
  return boost::math::cdf(
      boost::math::fisher_f(degrees_of_freedom_1, degrees_of_freedom_2), f);
}

double ChiSquaredTail(double x, double degrees_of_freedom) {
  if (std::isnan(x) || !(degrees_of_freedom > 0)) return kNaN;
  if (x <= 0) return 1;
  return boost::math::gamma_q(degrees_of_freedom / 2, x / 2);
}

double BinomialCdf(int64_t k, int64_t n, double p) {
  if (n < 0 || !(0 <= p && p <= 1)) return kNaN;
  if (k < 0) return 0;
  if (k >= n) return 1;
  return boost::math::cdf(boost::math::binomial(static_cast<double>(n), p),
                          static_cast<double>(k));
}

double PoissonTail(int64_t k, double mean) {
  if (!(mean >= 0)) return kNaN;
  if (k <= 0) return 1;
  if (std::isinf(mean)) return 1;
  return boost::math::gamma_p(static_cast<double>(k), mean);
}

Interval TInterval(double mean, double standard_error,
                   double degrees_of_freedom, double confidence) {
  Interval interval;
  interval.estimate = mean;
  if (standard_error == 0) {
    interval.low = interval.high = mean;
    return interval;
  }
  const double half = standard_error * StudentTQuantile((1 + confidence) / 2,
                                                        degrees_of_freedom);
  interval.low = mean - half;
  interval.high = mean + half;
  return interval;
}

Interval MeanInterval(const std::vector<double>& values, double confidence) {
  const double n = static_cast<double>(values.size());
  const double mean = Mean(values);
  Interval interval;
  interval.estimate = mean;
  if (values.size() < 2) return interval;
  return TInterval(mean, StandardDeviation(values) / std::sqrt(n), n - 1,
                   confidence);
}

double ClopperPearsonUpper(int64_t successes, int64_t trials,
                           double confidence) {
  if (trials <= 0 || successes < 0 || successes > trials ||
      !IsProbability(confidence)) {
    return kNaN;
  }
  if (successes == trials) return 1;
  return boost::math::quantile(
      boost::math::beta_distribution<>(static_cast<double>(successes) + 1,
                                       static_cast<double>(trials - successes)),
      confidence);
}

Interval ClopperPearson(int64_t successes, int64_t trials, double confidence) {
  Interval interval;
  if (trials <= 0 || successes < 0 || successes > trials) return interval;
  interval.estimate =
      static_cast<double>(successes) / static_cast<double>(trials);
  const double one_sided = (1 + confidence) / 2;
  interval.high = ClopperPearsonUpper(successes, trials, one_sided);
  // The lower bound of a share is one minus the upper bound of the rest.
  interval.low = 1 - ClopperPearsonUpper(trials - successes, trials, one_sided);
  return interval;
}

Interval QuantileInterval(const std::vector<double>& values, double p,
                          double confidence) {
  Interval interval;
  if (values.empty() || HasMissing(values) || !IsProbability(p) ||
      !IsProbability(confidence)) {
    return interval;
  }
  std::vector<double> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  interval.estimate = QuantileOfSorted(sorted, p);
  const int64_t n = static_cast<int64_t>(sorted.size());
  const double tail = (1 - confidence) / 2;
  // Greatest l with P(B <= l - 1) <= tail, least u with P(B >= u) <= tail, for
  // B ~ Binomial(n, p); both monotone in the rank, hence by bisection.
  int64_t low = 0, above = n + 1;
  while (above - low > 1) {
    const int64_t middle = (low + above) / 2;
    (BinomialCdf(middle - 1, n, p) <= tail ? low : above) = middle;
  }
  int64_t below = 0, high = n + 1;
  while (high - below > 1) {
    const int64_t middle = (below + high) / 2;
    (1 - BinomialCdf(middle - 1, n, p) <= tail ? high : below) = middle;
  }
  interval.low = low >= 1 ? sorted[static_cast<size_t>(low - 1)] : -kInfinity;
  interval.high = high <= n ? sorted[static_cast<size_t>(high - 1)] : kInfinity;
  return interval;
}

}  // namespace airlock
