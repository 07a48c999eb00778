#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/results/run_record.h"
#include "sim/scenario/scenario.h"
#include "sim/surrogate/chain_workload.h"
#include "sim/telemetry/trace.h"

namespace airlock {

// What one station has counted since the start.
struct StationTotals {
  int64_t drops = 0;       // packets that found the ring full
  int64_t served = 0;      // packets handed on
  int64_t batches = 0;     // decisions that took packets
  int64_t taken = 0;       // packets taken from the ring
  int64_t waiting_ns = 0;  // integral of the ring's length over time
  int64_t busy_ns = 0;     // from taking to handing on, stalls included
};

// Keeps the totals of a station. Instants never decrease.
class StationCounters {
 public:
  void Join(int64_t now_ns) {
    Move(now_ns);
    ++waiting_;
  }
  void Drop() { ++totals_.drops; }
  void Take(int64_t now_ns, int64_t packets) {
    Move(now_ns);
    waiting_ -= packets;
    totals_.taken += packets;
    ++totals_.batches;
    busy_ = true;
  }
  void Complete(int64_t now_ns, int64_t packets) {
    Move(now_ns);
    totals_.served += packets;
    busy_ = false;
  }
  StationTotals At(int64_t now_ns) {
    Move(now_ns);
    return totals_;
  }
  int64_t waiting() const { return waiting_; }

 private:
  void Move(int64_t now_ns) {
    const int64_t passed = now_ns - last_ns_;
    totals_.waiting_ns += passed * waiting_;
    if (busy_) totals_.busy_ns += passed;
    last_ns_ = now_ns;
  }

  StationTotals totals_;
  int64_t waiting_ = 0;
  int64_t last_ns_ = 0;
  bool busy_ = false;
};

// Turns what happens to a chain's packets into the columns and metrics that
// every engine reports, under the names of measured traces. Engines call the
// event functions; two readers take samples at their own intervals: 0 is the
// time series, 1 a controller.
class ChainMonitor {
 public:
  explicit ChainMonitor(const ChainConfig& chain);

  void Offer(int64_t bytes) {
    ++now_.offered;
    now_.offered_bytes += bytes;
  }
  void Deliver(int64_t bytes, int64_t latency_ns) {
    now_.delivered_bytes += bytes;
    latency_seconds_.push_back(static_cast<float>(latency_ns) * 1e-9f);
  }
  void Lose() { ++now_.lost; }

  // Appends the columns, without values: inputs, KPIs, counters of functions.
  void Declare(std::vector<Column>* columns) const;
  // Columns whose transient is the warm-up. Empty for a load that changes.
  std::vector<std::string> WarmupColumns() const;
  // Appends a value a column, over the time since the reader's last call, and
  // begins the next. `totals`: one a function, at `now_ns`.
  void Sample(size_t reader, int64_t now_ns,
              const std::vector<StationTotals>& totals, ChainCourse* course,
              std::vector<double>* values);
  // Appends the metrics over the time from the first sample of reader 0 that
  // ended at or after `warmup_ns`, to its last.
  void AddMetrics(int64_t warmup_ns, std::vector<Metric>* metrics) const;

 private:
  struct Checkpoint {
    int64_t at_ns = 0;
    int64_t offered = 0;
    int64_t offered_bytes = 0;
    int64_t delivered = 0;
    int64_t delivered_bytes = 0;
    int64_t lost = 0;
    std::vector<StationTotals> totals;
  };
  struct Latency {
    double mean, p50, p95, p99;
  };
  Latency LatencyBetween(int64_t begin, int64_t end) const;

  std::vector<std::string> functions_;
  bool stationary_;
  Checkpoint now_;
  std::vector<Checkpoint> series_;      // of reader 0, from the start
  Checkpoint controller_;               // last of reader 1
  std::vector<float> latency_seconds_;  // of all delivered packets, in order
};

// Mean and quantiles (Hyndman and Fan type 7) of `values`, which it reorders.
// `p` ascends. NaN for no values.
std::vector<double> QuantilesInPlace(std::vector<float>* values,
                                     const std::vector<double>& p);

}  // namespace airlock
