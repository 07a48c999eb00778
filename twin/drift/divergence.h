#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/rng.h"
#include "sim/stats/two_sample.h"

namespace airlock {

// "nats", "bits".
const char* ToString(LogBase base);

// What two samples of the same distribution give on average, in nats, to first
// order: (bins - 1) (1/n_p + 1/n_q) / 8 (Grosse et al. 2002, eq. 12), bins
// being those that are not empty. Too large where bins hold few samples.
double JensenShannonBias(int64_t bins, int64_t n_p, int64_t n_q);

// Population stability index of two histograms over the same bins (Wu and Olson
// 2010): sum (q - p) ln(q / p) over their shares p and q, those below `floor`
// counting as `floor`, without renormalising; 0 stands for the smallest
// positive number. A bin empty on one side contributes its share times
// ln(share / floor): the floor decides the result.
double PopulationStability(const std::vector<double>& counts_p,
                           const std::vector<double>& counts_q, double floor);
// One bin's term.
double PopulationStabilityTerm(double p, double q, double floor);

// Histogram bins of one feature. Bin i holds (edge[i-1], edge[i]]; the first
// and last are open to infinity, so nothing falls outside; missing values (NaN)
// have a bin of their own, the last.
class Bins {
 public:
  Bins() = default;
  // Ascending, without duplicates.
  explicit Bins(std::vector<double> edges) : edges_(std::move(edges)) {}
  // About `count` bins of equal share of `sample` (NaN disregarded). A value
  // that holds more than one bin's share gets a bin of its own, so a counter
  // that rests at 0 is seen to move in either direction.
  static Bins Quantiles(std::vector<double> sample, int64_t count);
  // `count` bins of equal width over [low, high], the outer ones open.
  static Bins Fixed(double low, double high, int64_t count);

  int64_t count() const { return static_cast<int64_t>(edges_.size()) + 2; }
  int64_t Index(double value) const;
  std::vector<double> Histogram(const std::vector<double>& sample) const;
  const std::vector<double>& edges() const { return edges_; }

 private:
  std::vector<double> edges_;
};

// p-value of the divergence between two samples, by permuting their union:
// (b + 1) / (B + 1), b being how many of B permutations reach the observed one
// (Phipson and Smyth 2010). For independent samples only.
double JensenShannonPermutationP(const std::vector<double>& a,
                                 const std::vector<double>& b, const Bins& bins,
                                 int permutations, RngStream* rng);

}  // namespace airlock
