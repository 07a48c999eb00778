#include "sim/stats/rank_correlation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "sim/base/error.h"
#include "sim/stats/bootstrap.h"
#include "sim/stats/moments.h"
#include "sim/stats/quantile.h"

namespace airlock {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

bool CannotTell(const std::vector<double>& x, const std::vector<double>& y) {
  AIRLOCK_CHECK(x.size() == y.size(), "{} and {}", x.size(), y.size());
  return x.size() < 2 || HasMissing(x) || HasMissing(y);
}

int Sign(double value) { return (value > 0) - (value < 0); }

}  // namespace

std::vector<double> Ranks(const std::vector<double>& values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&values](size_t a, size_t b) {
    return values[a] < values[b] || (values[a] == values[b] && a < b);
  });
  std::vector<double> ranks(values.size());
  for (size_t first = 0; first < order.size();) {
    size_t past = first;
    while (past < order.size() && values[order[past]] == values[order[first]]) {
      ++past;
    }
    const double rank = (static_cast<double>(first + past) + 1) / 2;
    for (; first < past; ++first) ranks[order[first]] = rank;
  }
  return ranks;
}

double Spearman(const std::vector<double>& x, const std::vector<double>& y) {
  if (CannotTell(x, y)) return kUnknown;
  const std::vector<double> a = Ranks(x);
  const std::vector<double> b = Ranks(y);
  const double mean = (static_cast<double>(x.size()) + 1) / 2;
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean) * (b[i] - mean);
    aa += (a[i] - mean) * (a[i] - mean);
    bb += (b[i] - mean) * (b[i] - mean);
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : kUnknown;
}

double KendallTauB(const std::vector<double>& x, const std::vector<double>& y) {
  if (CannotTell(x, y)) return kUnknown;
  double agree = 0, x_differs = 0, y_differs = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      const int dx = Sign(x[i] - x[j]);
      const int dy = Sign(y[i] - y[j]);
      agree += dx * dy;
      x_differs += dx != 0;
      y_differs += dy != 0;
    }
  }
  if (x_differs == 0 || y_differs == 0) return kUnknown;
  return agree / std::sqrt(x_differs * y_differs);
}

Interval PairBootstrapInterval(const std::vector<double>& x,
                               const std::vector<double>& y,
                               PairStatistic statistic, double confidence,
                               int64_t resamples, RngStream* rng) {
  constexpr double kMostUndefined = 0.05;
  Interval interval{statistic(x, y), kUnknown, kUnknown};
  if (std::isnan(interval.estimate)) return interval;
  std::vector<double> found;
  std::vector<double> a(x.size()), b(x.size());
  for (int64_t r = 0; r < resamples; ++r) {
    for (size_t i = 0; i < x.size(); ++i) {
      const size_t pick = rng->UniformInt(x.size());
      a[i] = x[pick];
      b[i] = y[pick];
    }
    const double value = statistic(a, b);
    if (!std::isnan(value)) found.push_back(value);
  }
  const double undefined =
      1 - static_cast<double>(found.size()) / static_cast<double>(resamples);
  if (undefined > kMostUndefined) return interval;
  const std::vector<double> ends =
      Quantiles(found, {(1 - confidence) / 2, (1 + confidence) / 2});
  interval.low = ends[0];
  interval.high = ends[1];
  return interval;
}

}  // namespace airlock
