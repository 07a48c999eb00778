#include "sim/stats/ecdf.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "sim/stats/moments.h"

namespace airlock {

Ecdf::Ecdf(std::vector<double> values) {
  const size_t all = values.size();
  sorted_ = HasMissing(values) ? DropMissing(values) : std::move(values);
  missing_ = static_cast<int64_t>(all - sorted_.size());
  std::sort(sorted_.begin(), sorted_.end());
}

double Ecdf::operator()(double x) const {
  if (sorted_.empty() || std::isnan(x)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const auto above = std::upper_bound(sorted_.begin(), sorted_.end(), x);
  return static_cast<double>(above - sorted_.begin()) /
         static_cast<double>(sorted_.size());
}

double Ecdf::Inverse(double p) const {
  if (sorted_.empty() || !(0 <= p && p <= 1)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const double n = static_cast<double>(sorted_.size());
  int64_t rank = static_cast<int64_t>(std::ceil(p * n));
  // p * n may have rounded up past a step: F(v) = (rank - 1) / n reaches p.
  if (rank > 1 && static_cast<double>(rank - 1) / n >= p) --rank;
  return sorted_[static_cast<size_t>(std::max<int64_t>(rank, 1) - 1)];
}

}  // namespace airlock
