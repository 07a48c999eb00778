#pragma once

#include <cstdint>
#include <vector>

#include "sim/base/rng.h"
#include "sim/stats/interval.h"

namespace airlock {

// Ranks from 1, ties get their mean rank.
std::vector<double> Ranks(const std::vector<double>& values);

// Spearman's rho: Pearson's correlation of the ranks. NaN where either side
// does not vary or has a missing value, or below two pairs.
double Spearman(const std::vector<double>& x, const std::vector<double>& y);

// Kendall's tau-b (Kendall, Biometrika 33, 1945, with ties). NaN as above.
double KendallTauB(const std::vector<double>& x, const std::vector<double>& y);

using PairStatistic = double (*)(const std::vector<double>& x,
                                 const std::vector<double>& y);

// A statistic of independent pairs with its percentile bootstrap interval
// (pairs are resampled whole). Resamples in which it is undefined are left out;
// the interval is unknown (NaN) where they are more than 5 %.
Interval PairBootstrapInterval(const std::vector<double>& x,
                               const std::vector<double>& y,
                               PairStatistic statistic, double confidence,
                               int64_t resamples, RngStream* rng);

}  // namespace airlock
