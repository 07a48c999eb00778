#pragma once

#include <cstdint>
#include <vector>

#include "sim/scenario/servers_config.h"

namespace airlock {

// How well a forecast of the next interval's load did on courses that it was
// not fitted on, beside persistence (the load stays as it is).
struct ForecastTrial {
  double error = 0;        // mean absolute, as a share of the chain's peak
  double persistence = 0;  // the same
  double p_value = 1;      // of "it is not better" (Diebold and Mariano)
  bool admitted() const { return error < persistence && p_value < 0.01; }
};

// What a chain will be offered in the next interval, from the last ones:
//   x(t + 1) = x(t) + b (m - x(t)) + sum of a_i (x(t - i) - x(t - i - 1)),
// by least squares on courses of the scenario's own load. With all
// coefficients 0 it is persistence. Owns the coefficients.
class LoadForecast {
 public:
  static constexpr size_t kLoads = 5;  // that it looks back on

  // Draws courses of every chain's load of `intervals` intervals each, fits the
  // first ones and is tried on the others. Deterministic. Throws InputError for
  // loads of a trace, of which there is one course only.
  LoadForecast(const ServersConfig& servers, SimTime interval,
               int64_t intervals);

  // `loads`: the last kLoads of chain `c`, packets a second, the newest last.
  double Next(size_t c, const std::vector<double>& loads) const;
  const std::vector<ForecastTrial>& trials() const { return trials_; }

 private:
  std::vector<std::vector<double>> coefficients_;  // of the chains
  std::vector<ForecastTrial> trials_;
};

// The mean load of each interval in packets a second, a row a chain: what the
// engine's replication offers where `seed` is the run's.
std::vector<std::vector<double>> LoadCourses(const ServersConfig& servers,
                                             uint64_t seed, int64_t replication,
                                             SimTime interval,
                                             int64_t intervals);

}  // namespace airlock
