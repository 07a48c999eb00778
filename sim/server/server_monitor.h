#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/results/run_record.h"
#include "sim/server/server_counters.h"
#include "sim/server/server_engine.h"
#include "sim/telemetry/trace.h"

namespace airlock {

// Turns what an engine has counted into columns and metrics under the names of
// measured traces. Two readers take samples at their own intervals: 0 is the
// time series, 1 a controller.
class ServerMonitor {
 public:
  // `engine` outlives this.
  ServerMonitor(ServerEngine* engine, const RngTree& tree,
                Replication replication);

  // The columns, without values: inputs, KPIs of all chains and of each,
  // functions, machines, counters.
  const std::vector<Column>& columns() const { return columns_; }
  // Columns whose transient is the warm-up. Empty where loads or competitors
  // change.
  std::vector<std::string> WarmupColumns() const;
  // A value a column, over the time since the reader's last call; the engine
  // stands at the end of it.
  std::vector<double> Sample(size_t reader);
  // Over the time from the first sample of reader 0 that ended at or after
  // `warmup_ns`, to its last.
  std::vector<Metric> Metrics(int64_t warmup_ns) const;

 private:
  struct Snapshot {
    int64_t at_ns = 0;
    std::vector<ChainTotals> chains;
    std::vector<InstanceTotals> stations;     // summed over instances
    std::vector<LatencyHistogram> latencies;  // since the one before
    std::vector<bool> violated;               // agreements, by chain
    double machines_used = 0;
  };
  struct Whole;
  Whole SumUp(int64_t warmup_ns) const;
  void AddInputs(int64_t at_ns, std::vector<double>* values) const;
  Snapshot Take(size_t reader, const Snapshot& last) const;
  bool Violated(const ServiceChainConfig& chain, const ChainTotals& part,
                const LatencyHistogram& latency) const;
  void Declare();
  void Add(const std::string& name, Role role, const char* unit, Scope scope,
           const std::string& id, const std::string& description);
  void DeclareKpis(const std::string& prefix, const std::string& of);

  ServerEngine* engine_;
  ServerCounters counters_;
  std::vector<Column> columns_;
  std::vector<Snapshot> series_;  // of reader 0, from the start
  Snapshot controller_;           // last of reader 1
};

}  // namespace airlock
