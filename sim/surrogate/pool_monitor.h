#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/results/run_record.h"
#include "sim/scenario/balancer_config.h"
#include "sim/telemetry/trace.h"

namespace airlock {

// What a server of a pool is like at an instant.
struct PoolServerState {
  double busy_core_seconds = 0;  // integral of the cores in use
  double weight = 0;
  bool up = true;  // as the balancer's health check knows it
};

// Turns what happens to a pool's flows into the columns and metrics that every
// engine reports. Engines call the event functions; two readers take samples at
// their own intervals: 0 is the time series, 1 a controller. A flow counts when
// it ends.
class PoolMonitor {
 public:
  explicit PoolMonitor(const BalancerConfig& balancer);

  // A flow began; nothing: no server could take it.
  void Begin(std::optional<size_t> server);
  void Complete(double seconds);
  // A flow was refused or its server failed.
  void Fail() {
    ++now_.failed;
    ++now_.late;
  }

  // Appends the columns, without values: the load, KPIs, and each server's
  // weight, health and utilisation.
  void Declare(std::vector<Column>* columns) const;
  // Columns whose transient is the warm-up. Empty for a pool that changes.
  std::vector<std::string> WarmupColumns() const;
  // Appends a value a column, over the time since the reader's last call, and
  // begins the next. `load`: the share that is aimed at.
  void Sample(size_t reader, double seconds, double load,
              const std::vector<PoolServerState>& servers,
              std::vector<double>* values);
  // Appends the metrics over the time from the first sample of reader 0 that
  // ended at or after `warmup_seconds`, to its last.
  void AddMetrics(double warmup_seconds, std::vector<Metric>* metrics) const;

 private:
  struct Checkpoint {
    double at = 0;
    int64_t begun = 0;
    int64_t completed = 0;
    int64_t failed = 0;
    int64_t late = 0;               // failed or beyond the agreement
    std::vector<int64_t> begun_at;  // by server
    std::vector<double> busy;       // core seconds, by server
  };
  struct Times {
    double mean, p50, p95, p99;
  };
  Times TimesBetween(const Checkpoint& from, const Checkpoint& to) const;
  void AddServers(const Checkpoint& from, const Checkpoint& to,
                  std::vector<Metric>* metrics) const;
  // Share of the samples from `first` on in which more flows than allowed were
  // late, of those in which any ended.
  double ViolatedSamples(size_t first) const;

  std::vector<std::string> names_;
  std::vector<double> cores_;
  std::vector<double> capacities_;
  const std::optional<FlowAgreement> agreement_;
  const bool stationary_;
  Checkpoint now_;
  std::vector<Checkpoint> series_;  // of reader 0, from the start
  Checkpoint controller_;           // last of reader 1
  std::vector<float> completion_seconds_;
};

// Jain, Chiu and Hawe (1984): (sum x)^2 / (n sum x^2), 1 where all are equal.
// NaN where all are 0 or there are none.
double JainFairness(const std::vector<double>& values);

}  // namespace airlock
