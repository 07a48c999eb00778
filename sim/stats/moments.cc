#include "sim/stats/moments.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace airlock {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

}  // namespace

std::vector<double> DropMissing(const std::vector<double>& values) {
  std::vector<double> kept;
  kept.reserve(values.size());
  for (const double value : values) {
    if (!std::isnan(value)) kept.push_back(value);
  }
  return kept;
}

bool HasMissing(const std::vector<double>& values) {
  return std::any_of(values.begin(), values.end(),
                     [](double value) { return std::isnan(value); });
}

double Mean(const std::vector<double>& values) {
  if (values.empty()) return kNaN;
  double sum = 0;
  for (const double value : values) sum += value;
  const double n = static_cast<double>(values.size());
  const double mean = sum / n;
  if (!std::isfinite(mean)) return mean;
  // A second pass takes back what rounding lost in the first; the mean of
  // equal values is that value.
  double rest = 0;
  for (const double value : values) rest += value - mean;
  return mean + rest / n;
}

double Variance(const std::vector<double>& values) {
  if (values.size() < 2) return kNaN;
  const double mean = Mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return squares / static_cast<double>(values.size() - 1);
}

double StandardDeviation(const std::vector<double>& values) {
  return std::sqrt(Variance(values));
}

}  // namespace airlock
