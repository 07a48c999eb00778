#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/base/units.h"

namespace airlock {

// Who reads a meter. Each reader has its own interval: the time series reads
// every run.sample_interval, a controller every controller.interval.
enum class Reader { kSeries, kController };
inline constexpr size_t kReaders = 2;

// Counts packets, bytes or events.
class CountMeter {
 public:
  void Add(double amount) {
    for (double& count : since_) count += amount;
    total_ += amount;
  }
  // What was added since this reader's last Take().
  double Take(Reader reader);
  double total() const { return total_; }

 private:
  std::array<double, kReaders> since_{};
  double total_ = 0;
};

// A level that changes in steps, such as a queue's length in packets (a whole
// number >= 0). Times must not decrease.
class LevelMeter {
 public:
  struct Summary {
    double mean = 0;  // over time; the level itself in an empty interval
    double max = 0;
    // Seconds spent at level 0, 1, ..., `max`.
    std::vector<double> seconds_at;
  };

  void Set(SimTime now, int64_t level);
  int64_t level() const { return level_; }
  // Over the time since this reader's last Take(), or since time 0.
  Summary Take(Reader reader, SimTime now);

 private:
  void Advance(SimTime now);

  int64_t level_ = 0;
  SimTime since_;  // up to here, `time_at_` is filled
  // Whole nanoseconds, so that sums do not depend on when they were read.
  std::array<std::vector<SimTime>, kReaders> time_at_;
};

// Single values, such as latencies in seconds.
class ValueMeter {
 public:
  struct Summary {
    int64_t count = 0;
    // NaN if count is 0; quantiles as sim/stats/quantile.h defines them.
    double mean = 0, p50 = 0, p95 = 0, p99 = 0;
    std::vector<double> values;  // in the order of Add()
  };

  void Add(double value) {
    for (auto& values : since_) values.push_back(value);
  }
  // The values since this reader's last Take().
  Summary Take(Reader reader);

 private:
  std::array<std::vector<double>, kReaders> since_;
};

// Jain's fairness index (sum x)^2 / (n sum x^2); Jain, Chiu and Hawe, DEC
// TR-301, 1984, eq. 1. NaN if `values` is empty or all zero.
double JainIndex(const std::vector<double>& values);

}  // namespace airlock
