#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "twin/drift/detector.h"
#include "twin/drift/divergence.h"

namespace airlock {

std::unique_ptr<DriftDetector> CalibrateJensenShannon(
    const DriftReference& reference, const DriftOptions& options);
std::unique_ptr<DriftDetector> LoadJensenShannon(const std::string& text);

// The Jensen-Shannon divergence between a reference and the last `window`
// samples, for several features at once. Each term of the sum depends on one
// bin's count alone, so all terms are tabulated and an update costs four
// look-ups a feature. Terms are whole multiples of 2^-50 nats: their sum is
// exact, whatever the order, and equal streams give equal bits.
class SlidingDivergence {
 public:
  SlidingDivergence() = default;
  // `bins[j]` and the reference's share of each of them for feature j.
  SlidingDivergence(std::vector<Bins> bins,
                    std::vector<std::vector<double>> shares, int64_t window);

  // Takes one row; the sample before the last `window` leaves.
  void Push(const double* row);
  void Reset();
  bool full() const { return filled_ == window_; }
  // Nats; of a full window only.
  double Divergence(size_t feature) const;

  size_t features() const { return bins_.size(); }
  int64_t window() const { return window_; }
  const std::vector<Bins>& bins() const { return bins_; }
  const std::vector<std::vector<double>>& shares() const { return shares_; }
  // Bin indices of the samples in the window, oldest first, features within a
  // sample; Restore() takes them back.
  std::vector<int64_t> Contents() const;
  void Restore(const std::vector<int64_t>& contents);

 private:
  void PushIndices();
  int64_t TermAt(size_t feature, int64_t bin, int64_t count) const {
    return terms_[feature][static_cast<size_t>(bin * (window_ + 1) + count)];
  }

  std::vector<Bins> bins_;
  std::vector<std::vector<double>> shares_;
  int64_t window_ = 0;
  std::vector<std::vector<int64_t>> terms_;   // [feature][bin][count]
  std::vector<std::vector<int64_t>> counts_;  // [feature][bin]
  std::vector<int64_t> sums_;                 // [feature]
  std::vector<int32_t> ring_;                 // window x features
  std::vector<int32_t> incoming_;             // features
  int64_t position_ = 0;
  int64_t filled_ = 0;
};

}  // namespace airlock
