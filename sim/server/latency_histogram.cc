#include "sim/server/latency_histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace airlock {
namespace {

constexpr int kBinBits = 7;  // 128 bins an octave
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// The lower edge of a bin, in ns.
double EdgeOf(int32_t bin) {
  const int32_t octave = bin >> kBinBits;
  const int32_t part = bin & ((1 << kBinBits) - 1);
  return std::ldexp(1 + static_cast<double>(part) / (1 << kBinBits), octave);
}

}  // namespace

int32_t LatencyHistogram::BinOf(int64_t ns) {
  // Linear within the octave: between 1/128 and 1/256 of the value.
  const double value = static_cast<double>(std::max<int64_t>(1, ns));
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);  // [0.5, 1)
  const auto part = static_cast<int32_t>((2 * fraction - 1) * (1 << kBinBits));
  return ((exponent - 1) << kBinBits) + part;
}

void LatencyHistogram::AddTo(int32_t bin, int64_t count) {
  if (bins_.empty()) {
    first_bin_ = bin;
    bins_.push_back(0);
  }
  if (bin < first_bin_) {
    bins_.insert(bins_.begin(), static_cast<size_t>(first_bin_ - bin), 0);
    first_bin_ = bin;
  }
  const auto at = static_cast<size_t>(bin - first_bin_);
  if (at >= bins_.size()) bins_.resize(at + 1);
  bins_[at] += count;
}

void LatencyHistogram::Add(int64_t ns) {
  ++count_;
  sum_ns_ += static_cast<double>(ns);
  const auto at = static_cast<size_t>(BinOf(ns) - first_bin_);
  if (at < bins_.size()) {
    ++bins_[at];
  } else {
    AddTo(BinOf(ns), 1);
  }
}

void LatencyHistogram::Merge(const LatencyHistogram& other) {
  for (size_t i = 0; i < other.bins_.size(); ++i) {
    if (other.bins_[i] == 0) continue;
    AddTo(other.first_bin_ + static_cast<int32_t>(i), other.bins_[i]);
  }
  count_ += other.count_;
  sum_ns_ += other.sum_ns_;
}

void LatencyHistogram::Clear() {
  bins_.clear();
  count_ = 0;
  sum_ns_ = 0;
}

double LatencyHistogram::MeanSeconds() const {
  return count_ > 0 ? 1e-9 * sum_ns_ / static_cast<double>(count_) : kNaN;
}

double LatencyHistogram::QuantileSeconds(double p) const {
  if (count_ == 0) return kNaN;
  const double rank = p * static_cast<double>(count_);
  double below = 0;
  for (size_t i = 0; i < bins_.size(); ++i) {
    const auto here = static_cast<double>(bins_[i]);
    if (here > 0 && below + here >= rank) {
      const int32_t bin = first_bin_ + static_cast<int32_t>(i);
      const double low = EdgeOf(bin);
      const double high = EdgeOf(bin + 1);
      return 1e-9 * (low + (high - low) * std::max(0.0, rank - below) / here);
    }
    below += here;
  }
  return 1e-9 * EdgeOf(first_bin_ + static_cast<int32_t>(bins_.size()));
}

}  // namespace airlock
