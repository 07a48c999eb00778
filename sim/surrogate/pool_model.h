#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "sim/base/ids.h"
#include "sim/base/rng.h"
#include "sim/collector/reservoir.h"
#include "sim/scenario/balancer_config.h"
#include "sim/surrogate/pool_assignment.h"
#include "sim/surrogate/pool_changes.h"
#include "sim/surrogate/pool_monitor.h"
#include "sim/surrogate/pool_workload.h"
#include "sim/surrogate/processor_sharing.h"

namespace airlock {

// A pool of servers behind a load balancer without the network between them:
// requests arrive, are assigned and share a server's cores, event by event.
// What packets add is BalancerConfig::model. Everything random is of the
// workload (pool_workload.h) and the stream "pool/reservoirs". Instants are
// seconds.
class Pool {
 public:
  // What a balancer has counted of a server's flows.
  struct Counts {
    int64_t begun = 0;
    int64_t completed = 0;
    int64_t failed = 0;
    int64_t late = 0;  // failed, or completed later than agreed
  };

  // `trace` as PoolLoadCourse; `monitor` is told of every flow, may be null
  // and must outlive it.
  Pool(const BalancerConfig& balancer, const Trace* trace, const RngTree& rng,
       Replication replication, PoolMonitor* monitor);

  double now() const { return now_; }
  // Events so far: begins, ends, and changes of servers.
  int64_t events() const { return events_; }
  void AdvanceTo(double seconds);

  size_t servers() const { return servers_.size(); }
  double ShareAt(double seconds) { return workload_.ShareAt(seconds); }
  // >= 0. Of flows that begin from now on.
  void SetWeight(size_t server, double weight);
  double weight(size_t server) const { return assignment_.weight(server); }
  // As the balancer's health check knows it.
  bool up(size_t server) const { return assignment_.up(server); }
  int64_t flows_on(size_t server) const { return servers_[server].jobs(); }
  const Counts& counts(size_t server) const { return counts_[server]; }
  // Flows that no server could take.
  int64_t refused() const { return refused_; }
  // Completion times of its flows, of which the balancer keeps samples.
  const Reservoir& completion_times(size_t server) const {
    return reservoirs_[server];
  }
  double BusyCoreSeconds(size_t server) const {
    return servers_[server].BusyCoreSeconds(now_);
  }

 private:
  void Begin();
  void End(size_t server);
  void Make(const PoolChange& change);
  void Fail(size_t server);

  const double round_trips_;
  const double keep_;
  const double agreed_;  // seconds; infinite without an agreement
  PoolWorkload workload_;
  PoolAssignment assignment_;
  PoolMonitor* monitor_;
  RngStream draws_;
  std::vector<ProcessorSharing> servers_;
  std::vector<bool> failed_;  // in truth
  std::vector<Counts> counts_;
  std::vector<Reservoir> reservoirs_;
  const std::vector<PoolChange> changes_;
  size_t next_change_ = 0;
  PoolRequest next_;
  double now_ = 0;
  int64_t events_ = 0;
  int64_t flows_ = 0;
  int64_t refused_ = 0;
};

}  // namespace airlock
