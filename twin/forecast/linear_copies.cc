#include "twin/forecast/linear_copies.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "sim/base/rng.h"

namespace airlock {
namespace {

// A column without its scale: mean 0 and standard deviation 1, NaN where it is
// missing.
struct ScaledColumn {
  std::vector<double> values;
  double range = 0;       // of `values`
  double projection = 0;  // on the random direction
};

ScaledColumn Scale(const SampleTable& table, int64_t column,
                   const std::vector<double>& direction) {
  ScaledColumn scaled;
  scaled.values.resize(static_cast<size_t>(table.rows()));
  double sum = 0, count = 0;
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (int64_t r = 0; r < table.rows(); ++r) {
    const double value = table.Row(r)[column];
    scaled.values[static_cast<size_t>(r)] = value;
    if (std::isnan(value)) continue;
    sum += value;
    ++count;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  const double mean = sum / count;
  double squares = 0;
  for (double& value : scaled.values) {
    value -= mean;
    if (!std::isnan(value)) squares += value * value;
  }
  const double deviation = std::sqrt(squares / count);
  scaled.range = (high - low) / deviation;
  for (size_t r = 0; r < scaled.values.size(); ++r) {
    scaled.values[r] /= deviation;
    if (std::isnan(scaled.values[r])) continue;
    scaled.projection += direction[r] * scaled.values[r];
  }
  return scaled;
}

// a = sign * b within `tolerance` in every row, and missing in the same.
bool Equal(const ScaledColumn& a, const ScaledColumn& b, double sign,
           double tolerance) {
  for (size_t r = 0; r < a.values.size(); ++r) {
    const bool missing = std::isnan(a.values[r]);
    if (missing != std::isnan(b.values[r])) return false;
    if (missing) continue;
    if (!(std::abs(a.values[r] - sign * b.values[r]) <= tolerance)) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::vector<int64_t> FindLinearCopies(const SampleTable& table,
                                      const std::vector<int64_t>& columns,
                                      double rounding) {
  RngStream rng = RngTree(1).Stream("forecast/copies", Replication(0));
  std::vector<double> direction(static_cast<size_t>(table.rows()));
  double length = 0;
  for (double& weight : direction) {
    weight = rng.Uniform(-1, 1);
    length += std::abs(weight);
  }
  std::vector<ScaledColumn> firsts(columns.size());
  // |projection| of the columns that are no copies -> position in `columns`.
  std::multimap<double, size_t> by_projection;
  std::vector<int64_t> copies(columns.size(), -1);
  for (size_t k = 0; k < columns.size(); ++k) {
    ScaledColumn scaled = Scale(table, columns[k], direction);
    const double tolerance = rounding * scaled.range;
    const double projection = std::abs(scaled.projection);
    size_t first = columns.size();
    for (auto near = by_projection.lower_bound(projection - tolerance * length);
         near != by_projection.end() &&
         near->first <= projection + tolerance * length;
         ++near) {
      const ScaledColumn& other = firsts[near->second];
      if (near->second < first && (Equal(scaled, other, 1, tolerance) ||
                                   Equal(scaled, other, -1, tolerance))) {
        first = near->second;
      }
    }
    if (first < columns.size()) {
      copies[k] = columns[first];
      continue;
    }
    by_projection.emplace(projection, k);
    firsts[k] = std::move(scaled);
  }
  return copies;
}

}  // namespace airlock
