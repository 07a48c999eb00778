#include "sim/stats/quantile.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/stats/moments.h"

namespace airlock {

double QuantileOfSorted(const std::vector<double>& sorted, double p,
                        QuantileType type) {
  if (sorted.empty() || !(0 <= p && p <= 1)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const double n = static_cast<double>(sorted.size());
  const double position = type == QuantileType::kType7
                              ? (n - 1) * p
                              : (n + 1.0 / 3) * p + 1.0 / 3 - 1;
  const double inside = std::clamp(position, 0.0, n - 1);
  const double below = std::floor(inside);
  const double low = sorted[static_cast<size_t>(below)];
  const double share = inside - below;
  if (share == 0) return low;
  const double high = sorted[static_cast<size_t>(below) + 1];
  return low == high ? low : low + share * (high - low);
}

std::vector<double> Quantiles(const std::vector<double>& values,
                              const std::vector<double>& p, QuantileType type) {
  if (HasMissing(values)) {
    return std::vector<double>(p.size(),
                               std::numeric_limits<double>::quiet_NaN());
  }
  std::vector<double> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  std::vector<double> quantiles;
  quantiles.reserve(p.size());
  for (const double share : p) {
    quantiles.push_back(QuantileOfSorted(sorted, share, type));
  }
  return quantiles;
}

double Quantile(const std::vector<double>& values, double p,
                QuantileType type) {
  return Quantiles(values, {p}, type).front();
}

double Median(const std::vector<double>& values) {
  return Quantile(values, 0.5);
}

}  // namespace airlock
