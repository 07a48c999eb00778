#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "sim/stats/interval.h"

namespace airlock {

// Run lengths of simulated streams, for every threshold at once: of each run
// only the records of its statistic are kept (the moments at which it exceeds
// all before), because the first passage of a threshold is a record.
class RunLengths {
 public:
  // Runs begin to have a statistic at sample `start` and end at `horizon`.
  RunLengths(int64_t start, int64_t horizon)
      : start_(start), horizon_(horizon) {}

  void Begin() { runs_.push_back({{}, horizon_}); }
  void Add(int64_t sample, double statistic) {
    auto& records = runs_.back().records;
    if (records.empty() || statistic > records.back().second) {
      records.emplace_back(sample, statistic);
    }
  }
  // The last run was not followed beyond `sample`. If that is because of its
  // statistic, only thresholds up to that statistic may be asked for.
  void End(int64_t sample) { runs_.back().end = sample; }

  // Mean samples to the first statistic at or above `threshold`. Runs that end
  // before count as exponential from there on, at the rate seen (the maximum
  // likelihood estimate with censoring); infinite if none gets there.
  double MeanAt(double threshold) const;
  // The same with its 95 % interval over runs, which must be independent: a
  // ratio of sums by the delta method.
  Interval IntervalAt(double threshold) const;
  // The smallest recorded threshold with MeanAt() >= `mean`, interpolated;
  // infinite if there is none.
  double ThresholdFor(double mean) const;

  int64_t start() const { return start_; }
  int64_t runs() const { return static_cast<int64_t>(runs_.size()); }

 private:
  struct Run {
    std::vector<std::pair<int64_t, double>> records;
    int64_t end;
  };
  // Samples from the start to the alarm or the end of the run.
  std::pair<double, bool> Passage(const Run& run, double threshold) const;
  std::vector<double> Levels() const;

  int64_t start_;
  int64_t horizon_;
  std::vector<Run> runs_;
};

}  // namespace airlock
