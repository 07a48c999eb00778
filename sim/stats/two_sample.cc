#include "sim/stats/two_sample.h"

#include <algorithm>
#include <boost/math/constants/constants.hpp>
#include <boost/math/special_functions/bessel.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>

#include "sim/base/error.h"
#include "sim/stats/moments.h"
#include "sim/stats/quantile.h"

namespace airlock {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kPi = boost::math::constants::pi<double>();
constexpr TestResult kUnknown{kNaN, kNaN};

bool Usable(const std::vector<double>& a, const std::vector<double>& b) {
  return !a.empty() && !b.empty() && !HasMissing(a) && !HasMissing(b);
}

std::vector<double> Sorted(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values;
}

// Calls visit(F_a - F_b, width) for each interval between neighbouring distinct
// values of the pooled sample.
void BetweenEcdfs(const std::vector<double>& a, const std::vector<double>& b,
                  const std::function<void(double, double)>& visit) {
  const std::vector<double> x = Sorted(a), y = Sorted(b);
  const double n = static_cast<double>(x.size());
  const double m = static_cast<double>(y.size());
  size_t i = 0, j = 0;
  while (i < x.size() || j < y.size()) {
    const double at =
        j == y.size() || (i < x.size() && x[i] <= y[j]) ? x[i] : y[j];
    while (i < x.size() && x[i] == at) ++i;
    while (j < y.size() && y[j] == at) ++j;
    if (i == x.size() && j == y.size()) break;
    const double next =
        j == y.size() || (i < x.size() && x[i] <= y[j]) ? x[i] : y[j];
    visit(static_cast<double>(i) / n - static_cast<double>(j) / m, next - at);
  }
}

// P(K > lambda) of Kolmogorov's distribution, by the series that converges
// fast on each side.
double KolmogorovTail(double lambda) {
  if (lambda <= 0) return 1;
  double sum = 0;
  if (lambda < 1.18) {
    for (int k = 1; k <= 7; k += 2) {
      sum += std::exp(-k * k * kPi * kPi / (8 * lambda * lambda));
    }
    return 1 - std::sqrt(2 * kPi) / lambda * sum;
  }
  for (int k = 1; k <= 5; ++k) {
    sum += (k % 2 == 1 ? 2 : -2) * std::exp(-2 * k * k * lambda * lambda);
  }
  return sum;
}

// Limiting distribution function of the Cramer-von Mises statistic (Csorgo and
// Faraway, J. R. Statist. Soc. B 58, 1996, eq. 1.2).
double CramerVonMisesCdf(double x) {
  if (x <= 0) return 0;
  double sum = 0;
  for (int k = 0; k < 50; ++k) {
    const double y = 4 * k + 1;
    const double q = y * y / (16 * x);
    if (q > 700) break;
    const double weight =
        std::exp(boost::math::lgamma(k + 0.5) - boost::math::lgamma(k + 1.0));
    const double term = weight * std::sqrt(y) * std::exp(-q) *
                        boost::math::cyl_bessel_k(0.25, q);
    sum += term;
    if (term < 1e-12) break;
  }
  return std::min(1.0, sum / (std::pow(kPi, 1.5) * std::sqrt(x)));
}

// Where a decreasing `tail` passes alpha, by bisection.
double Critical(double (*tail)(double), double alpha) {
  double low = 0, high = 1;
  while (tail(high) > alpha && high < 1024) high *= 2;
  for (int i = 0; i < 100 && low < high; ++i) {
    const double middle = low + (high - low) / 2;
    (tail(middle) > alpha ? low : high) = middle;
  }
  return high;
}

// The pooled values' mid-ranks (1-based; ties share the mean rank), `a` first;
// *tie_sum becomes the sum of t^3 - t over groups of t equal values.
std::vector<double> MidRanks(const std::vector<double>& a,
                             const std::vector<double>& b, double* tie_sum) {
  std::vector<double> pooled = a;
  pooled.insert(pooled.end(), b.begin(), b.end());
  std::vector<size_t> order(pooled.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(),
            [&](size_t i, size_t j) { return pooled[i] < pooled[j]; });
  std::vector<double> ranks(pooled.size());
  *tie_sum = 0;
  for (size_t first = 0; first < order.size();) {
    size_t last = first;
    while (last < order.size() && pooled[order[last]] == pooled[order[first]]) {
      ++last;
    }
    const double ties = static_cast<double>(last - first);
    *tie_sum += ties * ties * ties - ties;
    for (size_t i = first; i < last; ++i) {
      ranks[order[i]] = static_cast<double>(first + last + 1) / 2;
    }
    first = last;
  }
  return ranks;
}

// sum over the sample's sorted ranks of (rank_i - i)^2, i from 1.
double RankDeviation(std::vector<double> ranks) {
  std::sort(ranks.begin(), ranks.end());
  double sum = 0;
  for (size_t i = 0; i < ranks.size(); ++i) {
    const double d = ranks[i] - static_cast<double>(i + 1);
    sum += d * d;
  }
  return sum;
}

// p log(p / m); 0 log 0 = 0.
double Relative(double p, double m) { return p > 0 ? p * std::log(p / m) : 0; }

// Doubles as integers in the same order, for bisection to the last bit.
int64_t ToOrdered(double x) {
  int64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits < 0 ? std::numeric_limits<int64_t>::min() - bits : bits;
}

double FromOrdered(int64_t ordered) {
  const int64_t bits =
      ordered < 0 ? std::numeric_limits<int64_t>::min() - ordered : ordered;
  double x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

// How many pairs of sorted samples have y_j - x_i <= limit.
int64_t PairsUpTo(const std::vector<double>& x, const std::vector<double>& y,
                  double limit) {
  int64_t count = 0;
  size_t j = 0;
  for (const double low : x) {
    while (j < y.size() && y[j] - low <= limit) ++j;
    count += static_cast<int64_t>(j);
  }
  return count;
}

// The k-th smallest (from 1) of all y_j - x_i, without forming them.
double OrderedDifference(const std::vector<double>& x,
                         const std::vector<double>& y, int64_t k) {
  int64_t low = ToOrdered(y.front() - x.back());
  int64_t high = ToOrdered(y.back() - x.front());
  while (low < high) {
    const int64_t middle = (low >> 1) + (high >> 1) + (low & high & 1);
    if (PairsUpTo(x, y, FromOrdered(middle)) >= k) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return FromOrdered(low);
}

std::vector<double> DeviationsFromMedian(const std::vector<double>& values) {
  const double median = Median(values);
  std::vector<double> deviations;
  deviations.reserve(values.size());
  for (const double value : values) {
    deviations.push_back(std::abs(value - median));
  }
  return deviations;
}

}  // namespace

TestResult KolmogorovSmirnov(const std::vector<double>& a,
                             const std::vector<double>& b) {
  if (!Usable(a, b)) return kUnknown;
  TestResult result;
  BetweenEcdfs(a, b, [&](double gap, double) {
    result.statistic = std::max(result.statistic, std::abs(gap));
  });
  const double n = static_cast<double>(a.size());
  const double m = static_cast<double>(b.size());
  const double root = std::sqrt(n * m / (n + m));
  result.p_value =
      KolmogorovTail((root + 0.12 + 0.11 / root) * result.statistic);
  return result;
}

TestResult CramerVonMises(const std::vector<double>& a,
                          const std::vector<double>& b) {
  if (!Usable(a, b)) return kUnknown;
  double ties = 0;
  const std::vector<double> ranks = MidRanks(a, b, &ties);
  const auto split = ranks.begin() + static_cast<int64_t>(a.size());
  const double n = static_cast<double>(a.size());
  const double m = static_cast<double>(b.size());
  const double all = n + m, product = n * m;
  const double u = n * RankDeviation({ranks.begin(), split}) +
                   m * RankDeviation({split, ranks.end()});
  TestResult result;
  result.statistic = u / (product * all) - (4 * product - 1) / (6 * all);
  const double mean = (1 + 1 / all) / 6;
  const double variance =
      (all + 1) * (4 * product * all - 3 * (n * n + m * m) - 2 * product) /
      (45 * all * all * 4 * product);
  const double normed =
      1.0 / 6 + (result.statistic - mean) / std::sqrt(45 * variance);
  result.p_value = std::clamp(1 - CramerVonMisesCdf(normed), 0.0, 1.0);
  return result;
}

double KolmogorovSmirnovCritical(double alpha) {
  return Critical(KolmogorovTail, alpha);
}

double CramerVonMisesCritical(double alpha) {
  return Critical([](double x) { return 1 - CramerVonMisesCdf(x); }, alpha);
}

double Wasserstein1(const std::vector<double>& a,
                    const std::vector<double>& b) {
  if (!Usable(a, b)) return kNaN;
  double area = 0;
  BetweenEcdfs(a, b, [&](double gap, double width) {
    if (gap != 0) area += std::abs(gap) * width;
  });
  return area;
}

double EnergyDistance(const std::vector<double>& a,
                      const std::vector<double>& b) {
  if (!Usable(a, b)) return kNaN;
  double area = 0;
  BetweenEcdfs(a, b, [&](double gap, double width) {
    if (gap != 0) area += gap * gap * width;
  });
  return 2 * area;
}

double JensenShannonBound(LogBase base) {
  return base == LogBase::kBits ? 1 : std::log(2.0);
}

double JensenShannon(const std::vector<double>& counts_a,
                     const std::vector<double>& counts_b, LogBase base) {
  AIRLOCK_CHECK(counts_a.size() == counts_b.size(), "{} and {} bins",
                counts_a.size(), counts_b.size());
  double total_a = 0, total_b = 0;
  for (size_t i = 0; i < counts_a.size(); ++i) {
    total_a += counts_a[i];
    total_b += counts_b[i];
  }
  if (!(total_a > 0) || !(total_b > 0)) return kNaN;
  double sum = 0;
  for (size_t i = 0; i < counts_a.size(); ++i) {
    const double p = counts_a[i] / total_a, q = counts_b[i] / total_b;
    const double middle = (p + q) / 2;
    sum += (Relative(p, middle) + Relative(q, middle)) / 2;
  }
  const double nats = std::clamp(sum, 0.0, std::log(2.0));
  return base == LogBase::kBits ? nats / std::log(2.0) : nats;
}

std::vector<double> Histogram(const std::vector<double>& values,
                              const std::vector<double>& edges) {
  std::vector<double> counts(edges.size() + 1, 0.0);
  for (const double value : values) {
    if (std::isnan(value)) continue;
    const auto above = std::upper_bound(edges.begin(), edges.end(), value);
    counts[static_cast<size_t>(above - edges.begin())] += 1;
  }
  return counts;
}

std::vector<double> QuantileEdges(const std::vector<double>& reference,
                                  int bins) {
  const std::vector<double> sorted = Sorted(DropMissing(reference));
  std::vector<double> edges;
  if (sorted.empty()) return edges;
  for (int k = 1; k < bins; ++k) {
    const double edge = QuantileOfSorted(sorted, static_cast<double>(k) / bins);
    if (edges.empty() || edge > edges.back()) edges.push_back(edge);
  }
  return edges;
}

TestResult BrownForsythe(const std::vector<double>& a,
                         const std::vector<double>& b) {
  if (!Usable(a, b) || a.size() < 2 || b.size() < 2) return kUnknown;
  const std::vector<double> x = DeviationsFromMedian(a);
  const std::vector<double> y = DeviationsFromMedian(b);
  const double n = static_cast<double>(a.size());
  const double m = static_cast<double>(b.size());
  const double gap = Mean(x) - Mean(y);
  const double between = n * m / (n + m) * gap * gap;
  const double within =
      ((n - 1) * Variance(x) + (m - 1) * Variance(y)) / (n + m - 2);
  TestResult result;
  if (between == 0) return result;
  result.statistic = between / within;
  result.p_value = 1 - FisherFCdf(result.statistic, 1, n + m - 2);
  return result;
}

TestResult MannWhitney(const std::vector<double>& a,
                       const std::vector<double>& b) {
  if (!Usable(a, b)) return kUnknown;
  double ties = 0;
  const std::vector<double> ranks = MidRanks(a, b, &ties);
  const double n = static_cast<double>(a.size());
  const double m = static_cast<double>(b.size());
  const double all = n + m;
  double rank_sum = 0;
  for (size_t i = 0; i < a.size(); ++i) rank_sum += ranks[i];
  TestResult result;
  result.statistic = rank_sum - n * (n + 1) / 2;
  const double variance =
      n * m / 12 * (all + 1 - (all > 1 ? ties / (all * (all - 1)) : 0));
  const double distance =
      std::max(0.0, std::abs(result.statistic - n * m / 2) - 0.5);
  if (!(variance > 0) || distance == 0) return result;
  result.p_value = 2 * NormalCdf(-distance / std::sqrt(variance));
  return result;
}

Interval HodgesLehmann(const std::vector<double>& a,
                       const std::vector<double>& b, double confidence) {
  Interval interval;
  if (!Usable(a, b)) return interval;
  const std::vector<double> x = Sorted(a), y = Sorted(b);
  const double n = static_cast<double>(x.size());
  const double m = static_cast<double>(y.size());
  const int64_t pairs = static_cast<int64_t>(x.size() * y.size());
  interval.estimate = (OrderedDifference(x, y, (pairs + 1) / 2) +
                       OrderedDifference(x, y, pairs / 2 + 1)) /
                      2;
  const double reach = NormalQuantile((1 + confidence) / 2) *
                       std::sqrt(n * m * (n + m + 1) / 12);
  const int64_t rank = static_cast<int64_t>(std::floor(n * m / 2 - reach));
  if (rank < 1) {
    interval.low = -std::numeric_limits<double>::infinity();
    interval.high = std::numeric_limits<double>::infinity();
    return interval;
  }
  interval.low = OrderedDifference(x, y, rank);
  interval.high = OrderedDifference(x, y, pairs + 1 - rank);
  return interval;
}

}  // namespace airlock
