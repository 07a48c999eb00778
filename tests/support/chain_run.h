#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <sstream>
#include <string>

#include "sim/engine/scene.h"
#include "sim/scenario/resolve.h"
#include "tests/support/run_in_child.h"

namespace airlock {

// Two hosts on a fast link and a chain of one exponential function of 100 us,
// under Poisson arrivals of 1000 B that load it to `rho`.
inline Scenario ChainScenario(double rho) {
  Scenario scenario;
  scenario.name = "chain";
  scenario.run.duration = Milliseconds(10000);
  scenario.run.sample_interval = Milliseconds(100);
  DatacentreConfig datacentre;
  datacentre.topology.kind = "back-to-back";
  datacentre.topology.host_link = {Gbps(100), Nanoseconds(100)};
  datacentre.topology.queue.discipline = "drop-tail";
  datacentre.topology.queue.limit = 1000000;
  ChainConfig chain;
  ChainFunction function;
  function.name = "inspect";
  function.service.distribution = "exponential";
  function.service.per_packet_ns = 100000;
  function.ring = 100000;
  chain.functions = {function};
  chain.workload.packet_sizes = {{DataSize(1000), Ratio(1)}};
  chain.workload.load.rate = Bandwidth(static_cast<int64_t>(rho * 80e6));
  datacentre.chain = chain;
  scenario.datacentre = datacentre;
  return scenario;
}

// The metrics, "events", "wall_seconds" and "series" (a digest) of one
// replication, made in a process of its own.
inline std::map<std::string, std::string> RunChain(
    const Scenario& scenario, int64_t replication,
    const std::function<std::unique_ptr<Scene>(const ResolvedScenario&)>&
        create) {
  const std::string text = RunInChild([&] {
    Diagnostics diagnostics;
    const auto resolved = Resolve(scenario, &diagnostics);
    if (!resolved) return diagnostics.Format();
    const std::unique_ptr<Scene> scene = create(*resolved);
    scene->Settle();
    scene->Start(Replication(replication));
    scene->AdvanceTo(scenario.run.duration);
    const ReplicationRecord record = scene->Finish();
    std::string lines =
        fmt::format("events {}\nwall_seconds {}\nseries {}\n", record.events,
                    record.wall_seconds, record.series.Digest());
    for (const Metric& metric : record.metrics) {
      lines += fmt::format("{} {:.17g}\n", metric.name, metric.value);
    }
    for (const Column& column : record.series.columns) {
      double sum = 0;
      for (const double value : column.values) sum += value;
      lines += fmt::format("sum:{} {:.17g}\n", column.name, sum);
    }
    return lines;
  });
  std::map<std::string, std::string> values;
  std::istringstream in(text);
  for (std::string name, value; in >> name >> value;) values[name] = value;
  return values;
}

inline double Number(const std::map<std::string, std::string>& values,
                     const std::string& name) {
  const auto found = values.find(name);
  if (found == values.end()) {
    ADD_FAILURE() << "no value " << name;
    return 0;
  }
  return std::stod(found->second);
}

}  // namespace airlock
