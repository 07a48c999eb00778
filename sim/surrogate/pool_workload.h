#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/base/ids.h"
#include "sim/base/rng.h"
#include "sim/scenario/balancer_config.h"
#include "sim/telemetry/trace.h"

namespace airlock {

// The offered load of a pool over time, in steps; depends on the configuration
// and the stream "pool/load" alone. Instants are seconds and never decrease.
class PoolLoadCourse {
 public:
  // `trace`: of kind trace, must outlive it; else null. Throws InputError for a
  // trace without the column `load`, without samples, or with values that are
  // no share.
  PoolLoadCourse(const PoolLoad& load, const Trace* trace, const RngTree& rng,
                 Replication replication);

  struct Step {
    double share;  // of the pool's capacity
    double until;  // seconds; may be infinite
  };
  // Of an instant; `until` is after it.
  Step At(double seconds);

 private:
  // The step of `length` seconds that the instant is in: it begins no later,
  // and the next one begins after it.
  double StepOf(double seconds, double length);
  Step Crowd(double seconds);
  Step Measured(double seconds);

  const PoolLoad load_;
  const Trace* trace_;
  std::vector<double> measured_;
  size_t sample_ = 0;
  int64_t step_ = 0;  // StepOf()
  RngStream stream_;
  int64_t crowd_ = -1;      // period whose crowd is drawn
  double crowd_begin_ = 0;  // seconds
};

// A request of the workload.
struct PoolRequest {
  double at = 0;      // seconds
  double work = 0;    // seconds on a core of speed 1, with the model's overhead
  size_t kind = 0;    // of BalancerConfig::requests
  double ticket = 0;  // uniform on [0, 1): what a weighted assignment draws
};

// The requests of a replication, in order: a Poisson process whose rate follows
// the load. The same whatever becomes of them, so controllers and engines can
// be compared on equal requests. Streams "pool/arrivals", "pool/work",
// "pool/tickets".
class PoolWorkload {
 public:
  // As PoolLoadCourse.
  PoolWorkload(const BalancerConfig& balancer, const Trace* trace,
               const RngTree& rng, Replication replication);

  PoolRequest Next();
  double ShareAt(double seconds) { return shown_.At(seconds).share; }

 private:
  double DrawWork(size_t kind);
  size_t DrawKind();

  const std::vector<RequestClass> classes_;
  const double overhead_seconds_;
  double full_rate_;                 // requests a second at a load of 1
  std::vector<double> share_below_;  // of kinds: cumulative, the last is 1
  PoolLoadCourse course_;
  PoolLoadCourse shown_;  // read by others at other instants
  RngStream arrivals_;
  RngStream work_;
  RngStream tickets_;
  double now_ = 0;
};

// The trace of a load of kind trace; nothing of others. Throws InputError.
std::optional<Trace> ReadPoolTrace(const PoolLoad& load);

}  // namespace airlock
