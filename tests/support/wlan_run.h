#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "sim/base/diagnostics.h"
#include "sim/base/error.h"
#include "sim/packet/scene.h"
#include "sim/scenario/resolve.h"
#include "tests/support/run_in_child.h"

namespace airlock {

// A WLAN of `access_points` BSSs in a row, 20 m apart, all on channel 36, with
// `stations` each at 2 m; 802.11ax at 20 MHz. Short: 400 ms.
inline Scenario MakeWlan(int64_t access_points, int64_t stations) {
  Scenario scenario;
  scenario.name = "wlan-test";
  scenario.run.duration = Milliseconds(400);
  scenario.run.sample_interval = Milliseconds(20);
  scenario.run.seed = 7;
  WlanConfig wlan;
  for (int64_t i = 0; i < access_points; ++i) {
    AccessPointConfig ap;
    ap.name = "ap" + std::to_string(i);
    ap.position.x = Length(20.0 * static_cast<double>(i));
    ap.stations = stations;
    ap.station_distance = Length(2);
    wlan.access_points.push_back(ap);
  }
  scenario.wlan = wlan;
  return scenario;
}

inline std::unique_ptr<Scene> CreateWlan(const Scenario& scenario) {
  Diagnostics diagnostics;
  const auto resolved = Resolve(scenario, &diagnostics);
  if (!resolved) throw InputError(diagnostics.Format());
  return CreateWlanScene(*resolved);
}

// One replication to its end, in this process.
inline ReplicationRecord RunWlan(const Scenario& scenario,
                                 Replication replication) {
  const std::unique_ptr<Scene> scene = CreateWlan(scenario);
  scene->Settle();
  scene->Start(replication);
  scene->AdvanceTo(scenario.run.duration);
  return scene->Finish();
}

// The metrics of one replication, run in a child, and "events".
inline std::map<std::string, double> WlanMetrics(
    const Scenario& scenario, Replication replication = Replication(0)) {
  return NumbersFromChild([&] {
    const ReplicationRecord record = RunWlan(scenario, replication);
    std::map<std::string, double> numbers;
    for (const Metric& metric : record.metrics) {
      numbers[metric.name] = metric.value;
    }
    numbers["events"] = static_cast<double>(record.events);
    return numbers;
  });
}

// The digest of one replication, run in a child.
inline std::string WlanDigest(const Scenario& scenario,
                              Replication replication) {
  return RunInChild([&] {
    RunRecord record;
    record.replications.push_back(RunWlan(scenario, replication));
    return record.replications.front().series.Digest();
  });
}

}  // namespace airlock
