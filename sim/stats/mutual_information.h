#pragma once

#include <cstdint>
#include <vector>

#include "sim/base/rng.h"

namespace airlock {

// Mutual information of two numeric variables, in nats: 0 if and only if they
// are independent, for two jointly normal ones -ln(1 - rho^2) / 2. All
// functions: equally many values in both, NaN if a value is missing or not
// finite, or there are too few. Estimates may be slightly negative.

struct KsgOptions {
  int neighbours = 3;  // k; more lowers the variance and raises the bias
  // Ties have no k-th neighbour: each value is moved by a normal number of
  // this many standard deviations (Kraskov et al., section II.A). Counters are
  // whole numbers and often tie.
  double noise = 1e-9;
  // Longer series are thinned to this many values, evenly, of all rows.
  int64_t maximum_samples = 2000;
};

// Nearest-neighbour estimator 1 of Kraskov, Stoegbauer and Grassberger,
// Physical Review E 69, 066138 (2004), equation 8, in the maximum norm of the
// standardised variables:
//   psi(k) + psi(n) - mean(psi(n_x + 1) + psi(n_y + 1)),
// n_x, n_y: how many others lie strictly nearer in x (y) than the k-th
// neighbour. About n^1.5 steps: neighbours are sought from each point outwards
// in the order of x. A constant variable gives 0. At least k + 2 values.
double KsgMutualInformation(const std::vector<double>& x,
                            const std::vector<double>& y,
                            const KsgOptions& options, RngStream* rng);

// A variable sorted into bins of nearly equal numbers of values; equal values
// share a bin, so there may be fewer bins than asked for.
struct BinnedVariable {
  int bins = 0;
  std::vector<uint16_t> bin;  // of each value
};

// `bins` 2..1000; 0 chooses ceil(2 n^(1/3)) but at most 24. A missing
// value makes the result empty (0 bins).
BinnedVariable BinByRank(const std::vector<double>& values, int bins);

// Plug-in estimate over the two variables' bins less its bias to first order
// (Miller, 1955): (occupied pairs - bins_x - bins_y + 1) / 2n. About n steps,
// hence for hundreds of variables against each other; what happens within a bin
// is not seen, and it cannot exceed ln(bins).
double BinnedMutualInformation(const BinnedVariable& x,
                               const BinnedVariable& y);

// -ln(1 - r^2) / 2 with r the correlation of normal scores (van der Waerden) of
// the ranks: exact for a Gaussian copula, blind to relations that do not
// rise or fall.
double CopulaMutualInformation(const std::vector<double>& x,
                               const std::vector<double>& y);

}  // namespace airlock
