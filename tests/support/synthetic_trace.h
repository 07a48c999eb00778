#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "sim/base/rng.h"
#include "sim/telemetry/trace.h"

namespace airlock {

inline Column MakeColumn(const std::string& name, Role role,
                         const std::string& unit, Scope scope,
                         std::vector<double> values) {
  Column column;
  column.name = name;
  column.role = role;
  column.unit = unit;
  column.scope = scope;
  column.values = std::move(values);
  return column;
}

// A made-up chain: the offered rate wanders; half of the busy counter's change
// is due to it; the delivered rate saturates; the latency follows the load.
inline Trace SyntheticTrace(int64_t samples, uint64_t seed) {
  RngStream rng = RngTree(seed).Stream("test/synthetic", Replication(0));
  std::vector<double> offered, delivered, latency, busy, misses, packets, flat,
      noise;
  double load = 0.5;
  for (int64_t t = 0; t < samples; ++t) {
    load = 0.9 * load + 0.1 * rng.Uniform(0.0, 1.4);
    const double rate = 1e8 * load;
    const double out = std::min(rate, 9e7) + rng.Normal(0, 2e5);
    offered.push_back(rate);
    delivered.push_back(out);
    latency.push_back(1e-4 / (1.2 - std::min(load, 1.0)) + rng.Normal(0, 1e-6));
    busy.push_back(0.1 + out / 1e8 + rng.Normal(0, 0.01));
    misses.push_back(1e4 * std::sqrt(load) + rng.Normal(0, 100));
    packets.push_back(out / 8000);
    flat.push_back(3);
    noise.push_back(rng.Normal(0, 1));
  }
  Trace trace;
  trace.source = "synthetic";
  for (int64_t t = 0; t < samples; ++t) {
    trace.time_seconds.push_back(0.5 * static_cast<double>(t));
  }
  const Scope system = Scope::kSystem;
  trace.columns = {
      MakeColumn("offered_rate", Role::kKpi, "bit/s", system, offered),
      MakeColumn("delivered_rate", Role::kKpi, "bit/s", system, delivered),
      MakeColumn("latency_p99", Role::kKpi, "s", system, latency),
      MakeColumn("core.0.busy", Role::kCounter, "1", Scope::kCore, busy),
      MakeColumn("core.0.misses", Role::kCounter, "1/s", Scope::kCore, misses),
      MakeColumn("core.0.noise", Role::kCounter, "1", Scope::kCore, noise),
      MakeColumn("core.0.flat", Role::kCounter, "1", Scope::kCore, flat),
      MakeColumn("interface.out.tx_packets", Role::kCounter, "packet/s",
                 Scope::kInterface, packets),
  };
  trace.Validate();
  return trace;
}

}  // namespace airlock
