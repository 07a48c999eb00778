#include "sim/stats/mutual_information.h"

#include <algorithm>
#include <boost/math/special_functions/digamma.hpp>
#include <cmath>
#include <limits>
#include <numeric>

#include "sim/base/error.h"
#include "sim/stats/interval.h"

namespace airlock {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr int kMostBins = 1000;

bool AllFinite(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(),
                     [](double value) { return std::isfinite(value); });
}

// Mean 0 and standard deviation 1; false if constant.
bool Standardise(std::vector<double>* values) {
  const auto range = std::minmax_element(values->begin(), values->end());
  if (*range.first == *range.second) return false;
  const double n = static_cast<double>(values->size());
  const double mean = std::accumulate(values->begin(), values->end(), 0.0) / n;
  double squares = 0;
  for (double& value : *values) {
    value -= mean;
    squares += value * value;
  }
  const double deviation = std::sqrt(squares / n);
  if (!(deviation > 0) || !std::isfinite(deviation)) return false;
  for (double& value : *values) value /= deviation;
  return true;
}

// Every so-and-so-many-th value, `most` in all.
std::vector<double> Thin(const std::vector<double>& values, int64_t most) {
  const int64_t n = static_cast<int64_t>(values.size());
  if (n <= most) return values;
  std::vector<double> kept;
  for (int64_t i = 0; i < most; ++i) {
    kept.push_back(values[static_cast<size_t>(i * n / most)]);
  }
  return kept;
}

// The distance (maximum norm) of point `at` to its k-th neighbour. Points are
// in the order of x: those further along x than the distance found so far
// cannot be nearer. `nearest` is room for k distances.
double NeighbourDistance(const std::vector<double>& x,
                         const std::vector<double>& y, size_t at, size_t k,
                         std::vector<double>* nearest) {
  const double infinity = std::numeric_limits<double>::infinity();
  nearest->assign(k, infinity);
  size_t left = at, right = at + 1;  // next: left - 1 and right
  for (;;) {
    const double to_left = left > 0 ? x[at] - x[left - 1] : infinity;
    const double to_right = right < x.size() ? x[right] - x[at] : infinity;
    const double along_x = std::min(to_left, to_right);
    if (!(along_x < nearest->back())) return nearest->back();
    const size_t other = to_left <= to_right ? --left : right++;
    const double distance = std::max(along_x, std::abs(y[other] - y[at]));
    if (!(distance < nearest->back())) continue;
    size_t place = k - 1;
    for (; place > 0 && (*nearest)[place - 1] > distance; --place) {
      (*nearest)[place] = (*nearest)[place - 1];
    }
    (*nearest)[place] = distance;
  }
}

// How many of `sorted` lie strictly nearer to `value`, itself among them, than
// `distance`; it is the one left out.
int64_t CountNearer(const std::vector<double>& sorted, double value,
                    double distance) {
  // The same subtraction as in NeighbourDistance(), so that the neighbour that
  // defines the distance is never counted.
  const auto below = std::partition_point(
      sorted.begin(), sorted.end(),
      [&](double other) { return value - other >= distance; });
  const auto above = std::partition_point(
      below, sorted.end(),
      [&](double other) { return other - value < distance; });
  return above - below - 1;
}

// psi(1), psi(2), ... psi(n): psi(1) = -gamma, psi(m + 1) = psi(m) + 1 / m.
std::vector<double> DigammaOfIntegers(size_t n) {
  std::vector<double> psi(n + 1);
  psi[1] = boost::math::digamma(1.0);
  for (size_t m = 1; m < n; ++m) {
    psi[m + 1] = psi[m] + 1 / static_cast<double>(m);
  }
  return psi;
}

double KsgOfDistinct(std::vector<double> x, std::vector<double> y, size_t k) {
  const size_t n = x.size();
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return x[a] < x[b]; });
  std::vector<double> by_x(n), y_by_x(n);
  for (size_t i = 0; i < n; ++i) {
    by_x[i] = x[order[i]];
    y_by_x[i] = y[order[i]];
  }
  std::sort(y.begin(), y.end());
  const std::vector<double> psi = DigammaOfIntegers(n);
  std::vector<double> nearest;
  double sum = 0;
  for (size_t i = 0; i < n; ++i) {
    const double distance = NeighbourDistance(by_x, y_by_x, i, k, &nearest);
    const int64_t in_x = CountNearer(by_x, by_x[i], distance);
    const int64_t in_y = CountNearer(y, y_by_x[i], distance);
    sum +=
        psi[static_cast<size_t>(in_x) + 1] + psi[static_cast<size_t>(in_y) + 1];
  }
  return psi[k] + psi[n] - sum / static_cast<double>(n);
}

// Normal scores of the ranks; equal values share the mean of their ranks.
std::vector<double> NormalScores(const std::vector<double>& values) {
  const size_t n = values.size();
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> scores(n);
  for (size_t begin = 0; begin < n;) {
    size_t end = begin;
    while (end < n && values[order[end]] == values[order[begin]]) ++end;
    const double rank = 0.5 * static_cast<double>(begin + end + 1);
    const double score = NormalQuantile(rank / static_cast<double>(n + 1));
    for (; begin < end; ++begin) scores[order[begin]] = score;
  }
  return scores;
}

}  // namespace

double KsgMutualInformation(const std::vector<double>& x,
                            const std::vector<double>& y,
                            const KsgOptions& options, RngStream* rng) {
  AIRLOCK_CHECK(x.size() == y.size(), "{} and {} values", x.size(), y.size());
  AIRLOCK_CHECK(options.neighbours >= 1, "{} neighbours", options.neighbours);
  if (!AllFinite(x) || !AllFinite(y)) return kUnknown;
  std::vector<double> a = Thin(x, options.maximum_samples);
  std::vector<double> b = Thin(y, options.maximum_samples);
  const size_t k = static_cast<size_t>(options.neighbours);
  if (a.size() < k + 2) return kUnknown;
  if (!Standardise(&a) || !Standardise(&b)) return 0;
  for (double& value : a) value += rng->Normal(0, options.noise);
  for (double& value : b) value += rng->Normal(0, options.noise);
  return KsgOfDistinct(std::move(a), std::move(b), k);
}

BinnedVariable BinByRank(const std::vector<double>& values, int bins) {
  AIRLOCK_CHECK(bins == 0 || (bins >= 2 && bins <= kMostBins), "{} bins", bins);
  BinnedVariable binned;
  const size_t n = values.size();
  if (n == 0 || !AllFinite(values)) return binned;
  if (bins == 0) {
    bins = static_cast<int>(
        std::min(24.0, std::ceil(2 * std::cbrt(static_cast<double>(n)))));
  }
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return values[a] < values[b]; });
  binned.bin.resize(n);
  size_t last_slot = 0;
  for (size_t begin = 0; begin < n;) {
    size_t end = begin;
    while (end < n && values[order[end]] == values[order[begin]]) ++end;
    // The slot of the middle of a run of equal values.
    const size_t slot = (begin + end - 1) * static_cast<size_t>(bins) / (2 * n);
    if (binned.bins == 0 || slot != last_slot) ++binned.bins;
    last_slot = slot;
    for (; begin < end; ++begin) {
      binned.bin[order[begin]] = static_cast<uint16_t>(binned.bins - 1);
    }
  }
  return binned;
}

double BinnedMutualInformation(const BinnedVariable& x,
                               const BinnedVariable& y) {
  AIRLOCK_CHECK(x.bin.size() == y.bin.size() || x.bins == 0 || y.bins == 0,
                "{} and {} values", x.bin.size(), y.bin.size());
  if (x.bins == 0 || y.bins == 0) return kUnknown;
  const size_t width = static_cast<size_t>(y.bins);
  std::vector<int32_t> pairs(static_cast<size_t>(x.bins) * width, 0);
  for (size_t i = 0; i < x.bin.size(); ++i)
    ++pairs[x.bin[i] * width + y.bin[i]];
  std::vector<double> in_x(static_cast<size_t>(x.bins), 0), in_y(width, 0);
  for (size_t p = 0; p < pairs.size(); ++p) {
    in_x[p / width] += pairs[p];
    in_y[p % width] += pairs[p];
  }
  const double n = static_cast<double>(x.bin.size());
  double sum = 0;
  int64_t occupied = 0;
  for (size_t p = 0; p < pairs.size(); ++p) {
    if (pairs[p] == 0) continue;
    ++occupied;
    const double count = pairs[p];
    sum += count * std::log(count * n / (in_x[p / width] * in_y[p % width]));
  }
  const double excess = static_cast<double>(occupied - x.bins - y.bins + 1);
  return (sum - 0.5 * excess) / n;
}

double CopulaMutualInformation(const std::vector<double>& x,
                               const std::vector<double>& y) {
  AIRLOCK_CHECK(x.size() == y.size(), "{} and {} values", x.size(), y.size());
  if (x.size() < 3 || !AllFinite(x) || !AllFinite(y)) return kUnknown;
  const std::vector<double> a = NormalScores(x);
  const std::vector<double> b = NormalScores(y);
  // Normal scores have mean 0.
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  if (!(aa > 0) || !(bb > 0)) return 0;
  return -0.5 * std::log1p(-ab * ab / (aa * bb));
}

}  // namespace airlock
