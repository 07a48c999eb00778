#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "sim/base/error.h"
#include "sim/packet/scene.h"
#include "tests/support/run_in_child.h"

namespace airlock {

// A datacentre scenario with links of 1 Gb/s and 1 us that tests change.
inline Scenario DatacentreScenario(int64_t leaves, int64_t spines,
                                   int64_t hosts_per_leaf) {
  Scenario scenario;
  scenario.name = "test";
  scenario.run.sample_interval = Milliseconds(1);
  scenario.run.duration = Milliseconds(100);
  scenario.datacentre.emplace();
  scenario.datacentre->topology.leaves = leaves;
  scenario.datacentre->topology.spines = spines;
  scenario.datacentre->topology.hosts_per_leaf = hosts_per_leaf;
  return scenario;
}

// The settled scene of a scenario. Call it in a child only.
inline std::unique_ptr<Scene> SettledScene(const Scenario& scenario) {
  Diagnostics diagnostics;
  const auto resolved = Resolve(scenario, &diagnostics);
  if (!resolved) throw Error(diagnostics.Format());
  auto scene = CreateDatacentreScene(*resolved);
  scene->Settle();
  return scene;
}

// All metrics of a replication by name, "events", and "measured_seconds" after
// the warm-up.
inline std::map<std::string, double> RunDatacentre(const Scenario& scenario,
                                                   int64_t replication = 0) {
  return NumbersFromChild([&] {
    auto scene = SettledScene(scenario);
    scene->Start(Replication(replication));
    scene->AdvanceTo(scenario.run.duration);
    const ReplicationRecord record = scene->Finish();
    std::map<std::string, double> numbers;
    for (const Metric& metric : record.metrics) {
      numbers[metric.name] = metric.value;
    }
    numbers["events"] = static_cast<double>(record.events);
    numbers["measured_seconds"] =
        record.simulated_seconds - record.warmup_seconds;
    return numbers;
  });
}

// Everything that a replication measured, as text: equal for equal results.
inline std::string FingerprintOfRun(
    const Scenario& scenario, int64_t replication,
    const std::function<void(Scene&)>& advance) {
  return RunInChild([&] {
    auto scene = SettledScene(scenario);
    scene->Start(Replication(replication));
    advance(*scene);
    const ReplicationRecord record = scene->Finish();
    std::string text = record.series.Digest() + "\n";
    char line[256];
    for (const Metric& metric : record.metrics) {
      std::snprintf(line, sizeof(line), "%s %.17g\n", metric.name.c_str(),
                    metric.value);
      text += line;
    }
    return text + std::to_string(record.events);
  });
}

}  // namespace airlock
