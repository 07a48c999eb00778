#include "sim/stats/tail.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/stats/moments.h"
#include "sim/stats/quantile.h"

namespace airlock {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

bool IsProbability(double p) { return 0 < p && p < 1; }

// The rank of QuantileInterval() is found among 1 .. n themselves.
std::vector<double> FirstNumbers(int64_t n) {
  std::vector<double> numbers(static_cast<size_t>(n));
  for (size_t i = 0; i < numbers.size(); ++i) {
    numbers[i] = static_cast<double>(i + 1);
  }
  return numbers;
}

}  // namespace

Interval EffectiveQuantileInterval(const std::vector<double>& values, double p,
                                   double confidence, double effective) {
  const auto n = static_cast<double>(values.size());
  const auto worth = static_cast<int64_t>(std::floor(effective));
  if (!(effective < n)) return QuantileInterval(values, p, confidence);
  Interval interval;
  if (worth < 1 || HasMissing(values)) return interval;
  const Interval ranks = QuantileInterval(FirstNumbers(worth), p, confidence);
  std::vector<double> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  interval.estimate = QuantileOfSorted(sorted, p);
  if (!ranks.known()) return interval;
  const double stretch = n / static_cast<double>(worth);
  const auto at = [&](double rank) {
    const double bounded = std::min(n, std::max(1.0, rank));
    return sorted[static_cast<size_t>(bounded) - 1];
  };
  interval.low =
      std::isinf(ranks.low) ? -kInfinity : at(std::floor(ranks.low * stretch));
  interval.high =
      std::isinf(ranks.high) ? kInfinity : at(std::ceil(ranks.high * stretch));
  return interval;
}

int64_t FewestForQuantile(double p, double confidence) {
  if (!IsProbability(p) || !IsProbability(confidence)) return 0;
  const double n = std::log1p(-confidence) / std::log(p);
  return n < 1e15 ? static_cast<int64_t>(std::ceil(n - 1e-9)) : 0;
}

Interval IntervalOfDifference(const Interval& a, const Interval& b,
                              double factor) {
  Interval result;
  result.estimate = a.estimate - factor * b.estimate;
  if (!a.known() || !b.known() || !(factor > 0)) return result;
  result.low = result.estimate -
               std::hypot(a.estimate - a.low, factor * (b.high - b.estimate));
  result.high = result.estimate +
                std::hypot(a.high - a.estimate, factor * (b.estimate - b.low));
  return result;
}

std::vector<double> TailMeanTerms(const std::vector<double>& values, double q) {
  if (values.empty() || HasMissing(values) || !(q >= 0 && q < 1)) return {};
  const double value_at_risk = Quantile(values, q);
  std::vector<double> terms;
  terms.reserve(values.size());
  for (double value : values) {
    terms.push_back(value_at_risk +
                    std::max(0.0, value - value_at_risk) / (1 - q));
  }
  return terms;
}

std::vector<double> DeviationsFromMedian(const std::vector<double>& values) {
  if (values.empty() || HasMissing(values)) return {};
  const double median = Median(values);
  std::vector<double> deviations;
  deviations.reserve(values.size());
  for (double value : values) deviations.push_back(std::abs(value - median));
  return deviations;
}

double Skewness(const std::vector<double>& values) {
  if (values.size() < 3 || HasMissing(values)) return kNaN;
  const double mean = Mean(values);
  double second = 0;
  double third = 0;
  for (double value : values) {
    const double deviation = value - mean;
    second += deviation * deviation;
    third += deviation * deviation * deviation;
  }
  const auto n = static_cast<double>(values.size());
  second /= n;
  third /= n;
  return second > 0 ? third / std::pow(second, 1.5) : 0;
}

int64_t LongestSpell(const std::vector<double>& values) {
  int64_t longest = values.empty() ? 0 : 1;
  int64_t spell = 1;
  for (size_t i = 1; i < values.size(); ++i) {
    spell = values[i] == values[i - 1] ? spell + 1 : 1;
    longest = std::max(longest, spell);
  }
  return longest;
}

}  // namespace airlock
