#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "sim/base/rng.h"
#include "sim/stats/interval.h"

namespace airlock {

// A number computed from a sample: a mean, a p99, an R2.
using Statistic = std::function<double(const std::vector<double>&)>;

enum class BootstrapMethod {
  kPercentile,  // Efron and Tibshirani (1993), section 13.3
  kBca,         // bias-corrected and accelerated, ibid. section 14.3
};

struct BootstrapOptions {
  double confidence = 0.95;
  int64_t resamples = 2000;
  BootstrapMethod method = BootstrapMethod::kBca;
};

// The statistic of `values` with its bootstrap interval: `resamples` samples
// of equal size drawn with replacement. Values must be independent; two at
// least. BCa falls back to percentile when all resamples agree. A resample
// whose statistic is NaN makes the interval unknown.
Interval BootstrapInterval(const std::vector<double>& values,
                           const Statistic& statistic,
                           const BootstrapOptions& options, RngStream* rng);

// For a time series: percentile interval from resamples that keep runs of
// neighbours.
enum class BlockScheme {
  kMoving,      // overlapping blocks of equal length (Kuensch, 1989)
  kStationary,  // geometric lengths, wraps around (Politis and Romano, 1994)
};

struct BlockBootstrapOptions {
  double confidence = 0.95;
  int64_t resamples = 2000;
  BlockScheme scheme = BlockScheme::kStationary;
  // Mean block length in samples; 0 chooses ceil(n^(1/3)), or twice the
  // integrated autocorrelation time if that is longer, at most n / 2.
  double block_length = 0;
};

Interval BlockBootstrapInterval(const std::vector<double>& values,
                                const Statistic& statistic,
                                const BlockBootstrapOptions& options,
                                RngStream* rng);

// One resample's positions (in 0..n-1, `n` of them), for statistics of several
// columns that must be resampled together. `block_length` >= 1; 1 is the
// ordinary bootstrap.
std::vector<int64_t> BlockResample(int64_t n, BlockScheme scheme,
                                   double block_length, RngStream* rng);

}  // namespace airlock
