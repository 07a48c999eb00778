#include "twin/drift/run_length.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace airlock {

std::pair<double, bool> RunLengths::Passage(const Run& run,
                                            double threshold) const {
  const auto first = std::lower_bound(
      run.records.begin(), run.records.end(), threshold,
      [](const auto& record, double value) { return record.second < value; });
  const bool alarm = first != run.records.end();
  const int64_t sample = alarm ? first->first : run.end;
  return {static_cast<double>(std::max<int64_t>(sample - start_, 0)), alarm};
}

double RunLengths::MeanAt(double threshold) const {
  double time = 0;
  int64_t alarms = 0;
  for (const Run& run : runs_) {
    const auto [samples, alarm] = Passage(run, threshold);
    time += samples;
    alarms += alarm;
  }
  if (alarms == 0) return std::numeric_limits<double>::infinity();
  return static_cast<double>(start_) + time / static_cast<double>(alarms);
}

Interval RunLengths::IntervalAt(double threshold) const {
  Interval interval;
  interval.estimate = MeanAt(threshold);
  if (!std::isfinite(interval.estimate)) return interval;
  const double mean = interval.estimate - static_cast<double>(start_);
  double squares = 0, alarms = 0;
  for (const Run& run : runs_) {
    const auto [samples, alarm] = Passage(run, threshold);
    const double residual = samples - (alarm ? mean : 0);
    squares += residual * residual;
    alarms += alarm;
  }
  const double error = std::sqrt(squares) / alarms;
  interval.low = interval.estimate - NormalQuantile(0.975) * error;
  interval.high = interval.estimate + NormalQuantile(0.975) * error;
  return interval;
}

std::vector<double> RunLengths::Levels() const {
  std::vector<double> levels;
  for (const Run& run : runs_) {
    for (const auto& record : run.records) levels.push_back(record.second);
  }
  std::sort(levels.begin(), levels.end());
  levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
  return levels;
}

double RunLengths::ThresholdFor(double mean) const {
  const std::vector<double> levels = Levels();
  // MeanAt() rises with the threshold.
  const auto found =
      std::partition_point(levels.begin(), levels.end(),
                           [&](double value) { return MeanAt(value) < mean; });
  if (found == levels.end()) return std::numeric_limits<double>::infinity();
  if (found == levels.begin()) return *found;
  const double below = MeanAt(*(found - 1));
  const double share = (mean - below) / (MeanAt(*found) - below);
  return *(found - 1) + share * (*found - *(found - 1));
}

}  // namespace airlock
