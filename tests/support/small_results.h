#pragma once

#include <cmath>
#include <limits>

#include "sim/results/run_record.h"

namespace airlock::testing {

// A provenance that does not change with the time or the commit.
inline Provenance FixedProvenance() {
  Provenance provenance;
  provenance.airlock_version = "0.1.0";
  provenance.git_sha1 = "0123456789ab";
  provenance.date_and_time = "2026-01-31T12:00:00Z";
  provenance.seed = 18446744073709551615u;  // does not fit int64
  provenance.engine = "surrogate";
  provenance.scenario_sha256 = "e3b0c442";
  return provenance;
}

// Three samples, two columns: names that HDF5 cannot take as they are, missing
// values, both zeros, the smallest and greatest numbers.
inline Trace SmallTrace() {
  Trace trace;
  trace.source = "testbed";
  trace.origin = "a small trace";
  trace.time_seconds = {0, 0.5, 1e9 + 0.1};
  Column latency;
  latency.name = "latency_p99";
  latency.role = Role::kKpi;
  latency.unit = "s";
  latency.description = "99th percentile of the one-way delay";
  latency.values = {-0.0, std::numeric_limits<double>::quiet_NaN(),
                    std::numeric_limits<double>::denorm_min()};
  Column counter;
  counter.name = "interface.eth0/1%.rx";
  counter.unit = "packet/s";
  counter.scope = Scope::kInterface;
  counter.scope_id = "eth0/1%";
  counter.values = {0.1, -std::numeric_limits<double>::infinity(),
                    std::numeric_limits<double>::max()};
  trace.columns = {latency, counter};
  trace.attributes = {{"change_time", "600"}, {"kernel", "6.1.0 µ"}};
  return trace;
}

// Two replications with two metrics, one of them undefined once.
inline RunRecord SmallRunRecord() {
  RunRecord record;
  record.provenance = FixedProvenance();
  record.scenario_name = "small";
  for (int64_t number : {0, 1}) {
    ReplicationRecord replication;
    replication.replication = Replication(number);
    replication.warmup_seconds = 0.25;
    replication.simulated_seconds = 2;
    replication.events = 1000 + number;
    replication.wall_seconds = 0.125;
    const double latency = 1e-3 + 1e-4 * static_cast<double>(number);
    replication.metrics = {
        {"latency_p99", "s", "99th percentile of the delay", latency},
        {"loss/total", "1", "",
         number == 0 ? 0.5 : std::numeric_limits<double>::quiet_NaN()}};
    const double none = std::numeric_limits<double>::quiet_NaN();
    if (number == 1) {
      replication.decisions = {{0.5, "hall", 36, 2e7, 48, 4e7, 0.375, 0.25, 0.5,
                                0.45, "planner", "is to hear less of others"},
                               {1, "", none, none, none, none, none, none, 0.45,
                                0.45, "fallback", "error: \"wrong\", twice"}};
      replication.settings = {
          {0.5, "server.web2.weight", 2, 0.5, 1.5, "shield", "moves too far"},
          {1, "", none, none, none, "agent", "stays"}};
    }
    replication.series = SmallTrace();
    replication.series.source = "simulation/surrogate";
    record.replications.push_back(replication);
  }
  return record;
}

}  // namespace airlock::testing
