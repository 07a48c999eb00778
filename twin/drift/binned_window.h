#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "twin/drift/change_statistic.h"
#include "twin/drift/divergence.h"

namespace airlock {

// How far the histogram of the last `window` values of one stream lies from a
// reference histogram, for any divergence that is a sum over bins. A bin's term
// depends on its own count alone, so all terms are tabulated and an update
// costs four look-ups. Terms are whole multiples of 2^-50: their sum is exact
// whatever the order, and equal windows give equal bits.
class BinnedWindow {
 public:
  // A bin's term from its share in the reference and in the window; the sum of
  // all terms' absolute values stays below 2^12.
  using Term = std::function<double(double reference, double share)>;

  // `shares`: the reference's share of each bin.
  BinnedWindow(Bins bins, std::vector<double> shares, int64_t window,
               const Term& term);

  // The value before the last `window` leaves.
  void Push(double value);
  void Reset();
  bool full() const { return filled_ == window_; }
  // Of a full window only.
  double Divergence() const;
  const Bins& bins() const { return bins_; }
  // Bins that the reference or the window occupies.
  int64_t occupied() const { return occupied_; }

  // Bin of each value in the window, oldest first. Restore throws InputError
  // for what does not fit.
  std::vector<int64_t> Contents() const;
  void Restore(const std::vector<int64_t>& contents);

 private:
  void PushBin(int32_t bin);
  // Changes the count of `bin` by `step`.
  void Count(int32_t bin, int64_t step);

  Bins bins_;
  std::vector<double> shares_;
  int64_t window_;
  std::vector<int64_t> terms_;   // bin x (window + 1)
  std::vector<int64_t> counts_;  // of each bin
  std::vector<int32_t> ring_;
  int64_t sum_ = 0;
  int64_t occupied_ = 0;
  int64_t position_ = 0;
  int64_t filled_ = 0;
};

// Jensen-Shannon divergence between reference and window (Lin 1991): in nats or
// bits, plain or as distance (its root), with or without the bias of finite
// samples (Grosse et al. 2002, over the bins in use), 0 log 0 = 0. Evidence is
// 0 while the unbiased divergence or distance lies below the effect floor.
StatisticEntry JensenShannonStatistic();
// Population stability index, sum (q - p) ln(q / p); shares below `floor` count
// as `floor`, without renormalising (0: as the smallest positive number).
StatisticEntry PopulationStabilityStatistic();
// Both throw InputError for a reference shorter than the window and for more
// bins than the window has values. Fewer distinct values than bins: fewer bins.

}  // namespace airlock
