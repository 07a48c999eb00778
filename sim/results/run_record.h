#pragma once

#include <string>
#include <vector>

#include "sim/base/ids.h"
#include "sim/results/explained_decision.h"
#include "sim/results/explained_setting.h"
#include "sim/telemetry/trace.h"

namespace airlock {

// Where a result comes from: the root attributes of every file we write.
struct Provenance {
  std::string airlock_version;
  std::string git_sha1;
  std::string date_and_time;  // UTC, "2026-01-31T12:00:00Z"
  uint64_t seed = 0;
  std::string engine;           // "packet", "surrogate"
  std::string scenario_sha256;  // of the resolved scenario's text
};

// Provenance of this program, now. (seed, engine and scenario are left to the
// caller.)
Provenance CurrentProvenance();

// One number that a replication ends with.
struct Metric {
  std::string name;  // "fct_p99", "chain.latency_p95", "ap.3.airtime_busy"
  std::string unit;
  std::string description;
  double value = 0;  // NaN: not defined in this replication
};

// What one replication measured, warm-up already removed from `metrics`.
struct ReplicationRecord {
  Replication replication{0};
  double warmup_seconds = 0;     // removed by MSER-5
  double simulated_seconds = 0;  // including the warm-up
  int64_t events = 0;            // processed by the engine
  double wall_seconds = 0;       // goes to /runtime: not in the digest
  std::vector<Metric> metrics;
  // Of a controller that explains what it does, in the order of time.
  std::vector<ExplainedDecision> decisions;
  std::vector<ExplainedSetting> settings;
  Trace series;  // one sample an interval, warm-up included
};

// What a run measured. All replications have the same metrics and the same
// series columns, in the same order.
struct RunRecord {
  Provenance provenance;
  std::string scenario_name;
  std::vector<ReplicationRecord> replications;  // by replication number

  // SHA-256 over everything but the provenance's date and the wall time: equal
  // for equal scenario, seed and version, whatever the number of jobs.
  std::string Digest() const;
  // All decisions as a CSV, the replication's number before the columns of
  // DecisionHeader() or, of a controller that plans no channels, of
  // SettingHeader(); empty where nobody explained any.
  std::string DecisionsCsv() const;
};

}  // namespace airlock
