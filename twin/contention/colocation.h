#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/scenario/resolve.h"
#include "twin/contention/contentiousness.h"

namespace airlock {

// A chain of one function with traffic of its own: what is put beside others.
struct Workload {
  size_t chain = 0;  // of the scenario
  TrafficAttributes traffic;
};

// A synthetic competitor: the scenario's first one, or a default, with these.
struct SyntheticLoad {
  int64_t working_set_bytes = 0;
  double reads_per_second = 0;  // 0: all it can
  int64_t number = 0;
};

// What runs together on the cores of one socket, a core each.
struct Colocation {
  std::optional<Workload> target;  // absent: only what would compete with it
  std::vector<Workload> competitors;
  SyntheticLoad synthetic;
};

struct ColocationMeasurement {
  double target_packets_per_second = 0;  // NaN without a target
  // Of each competitor, the synthetic ones behind the others.
  std::vector<ContentionVector> competitors;
};

// Puts the functions of a scenario's chains side by side on its machine, in
// every combination that is asked for, and reads the counters as an operator
// would (modelled ones: sim/server/server_counters.h). Each function is offered
// a fifth more than it gets through alone, so that what it gets through is what
// contention leaves of it.
//
// Immutable once made: Run() may be called in several threads at once.
class ColocationBench {
 public:
  // Nothing, with an error in `diagnostics`, for a scenario without servers,
  // with several machines, with fewer than two chains, or with a chain of
  // several functions or a load that changes.
  static std::optional<ColocationBench> Make(const ResolvedScenario& scenario,
                                             Diagnostics* diagnostics);

  std::vector<std::string> functions() const;  // by chain
  int64_t cores() const { return base_.machines.front().cores_per_socket; }
  // The competitor that others see.
  Competitor AsCompetitor(const Workload& workload) const;

  // Packets a second that saturate a workload in every company: a fifth more
  // than it gets through alone. Throws InputError if the load that its chain
  // has in the scenario does not saturate it.
  double SaturatingRate(const Workload& workload) const;
  // `offered`: packets a second, of the target (0 without one) and of each
  // competitor.
  ColocationMeasurement Run(const Colocation& colocation,
                            const std::vector<double>& offered) const;

 private:
  ColocationBench(RunConfig run, ServersConfig base)
      : run_(std::move(run)), base_(std::move(base)) {}
  void Add(const Workload& workload, double packets_per_second,
           ServersConfig* servers) const;
  void AddSynthetic(const SyntheticLoad& load, ServersConfig* servers) const;

  RunConfig run_;
  ServersConfig base_;
};

}  // namespace airlock
