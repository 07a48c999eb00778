#include "sim/collector/reservoir.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "sim/stats/moments.h"
#include "sim/stats/quantile.h"

namespace airlock {
namespace {

constexpr double kShare = 0.9;

struct Weighted {
  double value;
  double weight;
};

// The smallest value that at least kShare of the weight is not above; `samples`
// sorted by value, not empty.
double WeightedQuantile(const std::vector<Weighted>& samples, double total) {
  double below = 0;
  for (const Weighted& sample : samples) {
    below += sample.weight;
    if (below >= kShare * total) return sample.value;
  }
  return samples.back().value;
}

}  // namespace

ReservoirDraw Reservoir::Draw(size_t slots, double keep, RngStream* stream) {
  // The upper 32 bits decide, the lower 32 choose (off by less than k / 2^32).
  const uint64_t bits = stream->Next64();
  ReservoirDraw draw;
  draw.keep = static_cast<double>(bits >> 32) < keep * 4294967296.0;
  draw.slot = static_cast<size_t>(((bits & 0xffffffffu) * slots) >> 32);
  return draw;
}

ReservoirSummary Reservoir::Summarise(SimTime now, double decay) const {
  std::vector<Weighted> samples;
  double total = 0;
  for (size_t slot = 0; slot < slots(); ++slot) {
    if (!filled(slot)) continue;
    const double weight = std::pow(decay, Seconds(now - time(slot)));
    samples.push_back({values_[slot], weight});
    total += weight;
  }
  const double nan = std::numeric_limits<double>::quiet_NaN();
  if (samples.empty()) return {nan, nan, nan, nan, nan};
  std::sort(samples.begin(), samples.end(), [](const auto& a, const auto& b) {
    return std::make_pair(a.value, a.weight) <
           std::make_pair(b.value, b.weight);
  });
  std::vector<double> values;
  double weighted = 0;
  for (const Weighted& sample : samples) {
    values.push_back(sample.value);
    weighted += sample.weight * sample.value;
  }
  // All weights underflow only when every sample is ages old.
  if (total == 0) {
    return {Mean(values), QuantileOfSorted(values, kShare),
            StandardDeviation(values), nan, nan};
  }
  return {Mean(values), QuantileOfSorted(values, kShare),
          StandardDeviation(values), weighted / total,
          WeightedQuantile(samples, total)};
}

double Reservoir::DecayedMean(SimTime now, double decay) const {
  const double rate = std::log(decay);
  double total = 0;
  double weighted = 0;
  for (size_t slot = 0; slot < slots(); ++slot) {
    if (!filled(slot)) continue;
    const double weight = std::exp(rate * Seconds(now - time(slot)));
    total += weight;
    weighted += weight * values_[slot];
  }
  return total > 0 ? weighted / total
                   : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace airlock
