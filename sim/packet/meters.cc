#include "sim/packet/meters.h"

#include <cmath>
#include <limits>
#include <utility>

#include "sim/base/error.h"
#include "sim/stats/quantile.h"

namespace airlock {
namespace {

size_t Index(Reader reader) { return static_cast<size_t>(reader); }

}  // namespace

double CountMeter::Take(Reader reader) {
  return std::exchange(since_[Index(reader)], 0.0);
}

void LevelMeter::Advance(SimTime now) {
  AIRLOCK_CHECK(now >= since_, "{} ns before {} ns", now.value(),
                since_.value());
  if (now == since_) return;
  const size_t level = static_cast<size_t>(level_);
  for (std::vector<SimTime>& time_at : time_at_) {
    if (time_at.size() <= level) time_at.resize(level + 1);
    time_at[level] = time_at[level] + (now - since_);
  }
  since_ = now;
}

void LevelMeter::Set(SimTime now, int64_t level) {
  AIRLOCK_CHECK(level >= 0, "level {}", level);
  Advance(now);
  level_ = level;
}

LevelMeter::Summary LevelMeter::Take(Reader reader, SimTime now) {
  Advance(now);
  Summary summary;
  for (SimTime time : std::exchange(time_at_[Index(reader)], {})) {
    summary.seconds_at.push_back(Seconds(time));
  }
  double total = 0;
  double weighted = 0;
  for (size_t level = 0; level < summary.seconds_at.size(); ++level) {
    total += summary.seconds_at[level];
    weighted += summary.seconds_at[level] * static_cast<double>(level);
  }
  const double level = static_cast<double>(level_);
  summary.mean = total > 0 ? weighted / total : level;
  summary.max = summary.seconds_at.empty()
                    ? level
                    : static_cast<double>(summary.seconds_at.size() - 1);
  return summary;
}

ValueMeter::Summary ValueMeter::Take(Reader reader) {
  Summary summary;
  summary.values = std::exchange(since_[Index(reader)], {});
  summary.count = static_cast<int64_t>(summary.values.size());
  if (summary.count == 0) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    summary.mean = summary.p50 = summary.p95 = summary.p99 = nan;
    return summary;
  }
  double sum = 0;
  for (double value : summary.values) sum += value;
  summary.mean = sum / static_cast<double>(summary.count);
  const std::vector<double> quantiles =
      Quantiles(summary.values, {0.50, 0.95, 0.99});
  summary.p50 = quantiles[0];
  summary.p95 = quantiles[1];
  summary.p99 = quantiles[2];
  return summary;
}

double JainIndex(const std::vector<double>& values) {
  double sum = 0;
  double squares = 0;
  for (double value : values) {
    sum += value;
    squares += value * value;
  }
  if (squares == 0) return std::numeric_limits<double>::quiet_NaN();
  return sum * sum / (static_cast<double>(values.size()) * squares);
}

}  // namespace airlock
