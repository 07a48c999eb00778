#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace airlock {

// A reference sample in order, for two-sample statistics against it. More than
// kMost values are represented by as many of them, evenly spaced in rank.
class ReferenceSample {
 public:
  static constexpr int64_t kMost = 4096;

  // At least one value, none NaN; any order.
  explicit ReferenceSample(std::vector<double> values);

  int64_t size() const { return static_cast<int64_t>(sorted_.size()); }
  const std::vector<double>& sorted() const { return sorted_; }
  double median() const { return median_; }
  // How many of its values lie below `value`; how many do not lie above.
  int64_t Below(double value) const;
  int64_t UpTo(double value) const;
  // Mean |x - value|, `below` being Below(value); and mean |x - x'| over all
  // pairs, equal ones included (Gini's mean difference).
  double MeanDistance(double value, int64_t below) const;
  double mean_distance() const { return mean_distance_; }
  // The median of |x - x'| over pairs i < j (the lower one of an even number).
  double MedianDistance() const;
  // Sums over the values number `first` (from 0) to `last` - 1 of the squared
  // distance of its distribution function from `level`: the mean of the squares
  // on both sides of each value's step.
  double SquaredSteps(int64_t first, int64_t last, double level) const;

 private:
  std::vector<double> sorted_;
  std::vector<double> coarse_;  // every 16th: searched first, stays in cache
  std::vector<double> sums_;    // of the first i values less the median
  double median_ = 0;
  double mean_distance_ = 0;
  // Of the first i values: sums of the mean of the distribution function, and
  // of its square, on both sides of the value's step; times n and n^2.
  std::vector<double> step_sums_;
  std::vector<double> step_squares_;
};

// The last `window` values of a stream in order of size, each with its rank
// among a reference. O(log n + window) an update, the latter a move of memory.
class SortedWindow {
 public:
  struct Value {
    double value;
    int32_t below;  // values of the reference below it
    int32_t up_to;  // values of the reference not above it
  };

  // `reference` must outlive it.
  SortedWindow(const ReferenceSample* reference, int64_t window)
      : reference_(reference), window_(window) {
    Reset();
  }

  // The value before the last `window` leaves.
  void Push(double value);
  void Reset();
  bool full() const { return static_cast<int64_t>(ring_.size()) == window_; }
  const std::vector<Value>& sorted() const { return sorted_; }
  // In the order they came.
  std::vector<double> Contents() const;

  // Statistics of a full window of w values against n of the reference, as in
  // sim/stats/two_sample.h. T is n w / (n + w)^2 times the sum of (F - G)^2
  // over all n + w values, mean of both sides of a step: the usual T where all
  // differ; of equal values the usual one with mid-ranks grows by their number
  // alone, this does not.
  double KolmogorovSmirnovD() const;
  double CramerVonMisesT() const;
  double EnergyDistance() const { return 2 * MeanDistance() - Spread(); }
  // Mean |x - y| between reference and window.
  double MeanDistance() const;

 private:
  // Mean |x - x'| of the reference plus mean |y - y'| of the window.
  double Spread() const;

  const ReferenceSample* reference_;
  int64_t window_;
  std::vector<Value> sorted_;
  std::vector<double> ring_;
  size_t oldest_ = 0;  // in ring_, once full
};

}  // namespace airlock
