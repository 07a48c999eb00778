#pragma once

#include <cstdint>
#include <vector>

#include "sim/stats/interval.h"

namespace airlock {

// The mean of a stationary, autocorrelated series with a t interval over the
// means of `batches` consecutive batches of equal length (Law, "Simulation
// Modeling and Analysis", section 9.5.3). The remainder of the division is cut
// off at the front, where a rest of warm-up would be. At least 2 batches of 1.
struct BatchMeansResult {
  Interval mean;
  std::vector<double> batch_means;
  int64_t batch_size = 0;
  // Lag-1 autocorrelation of the batch means: above about 0.2 the batches are
  // too short and the interval too narrow.
  double lag1 = 0;
};
BatchMeansResult BatchMeans(const std::vector<double>& values, int64_t batches,
                            double confidence);

// Autocorrelation at lags 0..max_lag (biased estimator, divides by n). NaN for
// a constant series.
std::vector<double> Autocorrelation(const std::vector<double>& values,
                                    int64_t max_lag);

// n / tau with the integrated autocorrelation time tau = 1 + 2 sum rho_k, the
// sum cut by Geyer's initial positive sequence (Statistical Science 7, 1992):
// how many independent values carry as much about the mean. Between 1 and n;
// n for a constant series.
double EffectiveSampleSize(const std::vector<double>& values);

// MSER-5 (White, "An effective truncation heuristic for bias reduction in
// simulation output", Simulation 69, 1997; White, Cobb and Spratt, WSC 2000):
// averages batches of 5 and cuts where the half width of the remaining mean,
// sum (y - mean)^2 / m^2, is least. Returns how many of `values` to drop from
// the front, a multiple of 5. Only the first half is searched: a minimum at its
// end (`truncated_half`) means that the series is too short to tell, or never
// settles. Below 10 values, and with missing ones, nothing is dropped and
// `truncated_half` is set.
struct MserResult {
  int64_t drop = 0;
  bool truncated_half = false;
};
MserResult Mser5(const std::vector<double>& values);

}  // namespace airlock
