#include "twin/drift/run_length.h"

#include <algorithm>
#include <limits>

namespace airlock {

double RunLengths::MeanAt(double threshold) const {
  double time = 0;
  int64_t alarms = 0;
  for (const auto& records : runs_) {
    const auto first = std::lower_bound(
        records.begin(), records.end(), threshold,
        [](const auto& record, double value) { return record.second < value; });
    const bool alarm = first != records.end();
    time += static_cast<double>((alarm ? first->first : horizon_) - start_);
    alarms += alarm;
  }
  if (alarms == 0) return std::numeric_limits<double>::infinity();
  return static_cast<double>(start_) + time / static_cast<double>(alarms);
}

double RunLengths::ThresholdFor(double mean) const {
  std::vector<double> values;
  for (const auto& records : runs_) {
    for (const auto& record : records) values.push_back(record.second);
  }
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  // MeanAt() rises with the threshold.
  const auto found =
      std::partition_point(values.begin(), values.end(),
                           [&](double value) { return MeanAt(value) < mean; });
  if (found == values.end()) return std::numeric_limits<double>::infinity();
  if (found == values.begin()) return *found;
  const double below = MeanAt(*(found - 1));
  const double share = (mean - below) / (MeanAt(*found) - below);
  return *(found - 1) + share * (*found - *(found - 1));
}

}  // namespace airlock
