#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace airlock {

// Run lengths of simulated streams, for every threshold at once: of each run
// only the records of its statistic are kept (the moments at which it exceeds
// all before), because the first passage of a threshold is a record.
class RunLengths {
 public:
  // Runs begin to have a statistic at sample `start` and end at `horizon`.
  RunLengths(int64_t start, int64_t horizon)
      : start_(start), horizon_(horizon) {}

  void Begin() { runs_.emplace_back(); }
  void Add(int64_t sample, double statistic) {
    auto& records = runs_.back();
    if (records.empty() || statistic > records.back().second) {
      records.emplace_back(sample, statistic);
    }
  }

  // Mean samples to the first statistic at or above `threshold`. Runs that end
  // before count as exponential from there on, at the rate seen (the maximum
  // likelihood estimate with censoring); infinite if none gets there.
  double MeanAt(double threshold) const;
  // The smallest recorded threshold with MeanAt() >= `mean`, interpolated;
  // infinite if there is none.
  double ThresholdFor(double mean) const;

 private:
  int64_t start_;
  int64_t horizon_;
  std::vector<std::vector<std::pair<int64_t, double>>> runs_;
};

}  // namespace airlock
