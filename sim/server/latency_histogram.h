#pragma once

#include <cstdint>
#include <vector>

namespace airlock {

// Latencies in bins, 128 of equal width to an octave: a quantile is good to
// 0.8 %. The mean is exact.
class LatencyHistogram {
 public:
  void Add(int64_t ns);
  void Merge(const LatencyHistogram& other);
  void Clear();

  int64_t count() const { return count_; }
  double MeanSeconds() const;              // NaN without any
  double QuantileSeconds(double p) const;  // the same

 private:
  static int32_t BinOf(int64_t ns);
  void AddTo(int32_t bin, int64_t count);

  std::vector<int64_t> bins_;  // from first_bin_ on
  int32_t first_bin_ = 0;
  int64_t count_ = 0;
  double sum_ns_ = 0;
};

}  // namespace airlock
