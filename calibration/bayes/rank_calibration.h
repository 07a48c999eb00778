#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "calibration/bayes/discrepancy_model.h"

namespace airlock {

struct RankOptions {
  int simulations = 200;
  int draws = 19;  // L: ranks 0..L, so L + 1 bins
  int thin = 50;   // steps of the sampler between draws
  int warmup = 1500;
};

// The ranks of parameters among posterior draws.
struct RankHistogram {
  std::vector<std::vector<int64_t>> counts;  // [parameter][rank]
  std::vector<double> chi_square;            // of each, against uniform
  // That a parameter's chi square stays below with probability 0.95 if ranks
  // are uniform (30.14 for L = 19), and with several parameters the greatest
  // (each at 0.05 / their number).
  double limit = 0;

  double greatest() const;
  bool uniform() const { return greatest() <= limit; }
};

// Simulation-based calibration (Talts, Betancourt, Simpson, Vehtari and Gelman,
// arXiv 1804.06788, 2018, algorithm 2): parameters from the prior, measurements
// from the model, posterior draws from these; the rank of a parameter among its
// draws is uniform if sampler and model are right. `world` makes parameters and
// measurements, `model` is fitted to them: the same one, unless it is asked
// what a wrong model would show. Of the model's parameters,
// not of what it says of discrepancy and noise. `done`, if set, is told the
// simulations done.
RankHistogram CheckRanks(const DiscrepancyModel& world,
                         const DiscrepancyModel& model,
                         const RankOptions& options, const RngTree& tree,
                         const std::function<void(int64_t)>& done = {});

// Chi square of counts against equal shares.
double ChiSquareOfUniform(const std::vector<int64_t>& counts);

}  // namespace airlock
