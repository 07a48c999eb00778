#pragma once

#include <vector>

#include "sim/base/rng.h"
#include "sim/base/units.h"

namespace airlock {

// What is told of a reservoir's samples. NaN where there are too few: none, or
// one for the standard deviation.
struct ReservoirSummary {
  double mean = 0;
  double p90 = 0;  // 90th percentile (sim/stats/quantile.h)
  double std = 0;  // unbiased standard deviation
  // With the weight decay^(age / 1 s): the mean, and the smallest sample that
  // at least 90 % of the weight is not above.
  double mean_decay = 0;
  double p90_decay = 0;
};

// What becomes of one offer to reservoirs of equal size: drawn once a packet,
// so that the samples of a packet stand in the same slot everywhere.
struct ReservoirDraw {
  bool keep = false;
  size_t slot = 0;
};

// A fixed number of samples of a stream that forgets: an offered sample is kept
// with probability p and takes the place of a random slot, so of n offers the
// i-th is in one of k slots with probability p (1 - p / k)^(n - i) (Yao et al.,
// "Aquarius", IEEE TNSM 2022). Slots that nothing was put in count nowhere.
class Reservoir {
 public:
  explicit Reservoir(size_t slots) : times_(slots, kEmpty), values_(slots) {}

  // `keep` is p, in (0, 1]; one 64-bit number of `stream`.
  static ReservoirDraw Draw(size_t slots, double keep, RngStream* stream);

  void Offer(const ReservoirDraw& draw, SimTime time, double value) {
    if (!draw.keep) return;
    times_[draw.slot] = time.value();
    values_[draw.slot] = value;
  }

  // `decay` in (0, 1]. `now` is not before any sample.
  ReservoirSummary Summarise(SimTime now, double decay) const;
  // Its mean_decay alone, which needs no sorting.
  double DecayedMean(SimTime now, double decay) const;

  size_t slots() const { return times_.size(); }
  bool filled(size_t slot) const { return times_[slot] != kEmpty; }
  SimTime time(size_t slot) const { return SimTime(times_[slot]); }
  double value(size_t slot) const { return values_[slot]; }

 private:
  static constexpr int64_t kEmpty = INT64_MIN;

  std::vector<int64_t> times_;  // nanoseconds
  std::vector<double> values_;
};

}  // namespace airlock
