#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "calibration/traces/importer.h"
#include "sim/server/run_servers.h"
#include "tests/support/measured_data.h"

namespace airlock {
namespace {

constexpr char kScenario[] =
    AIRLOCK_SOURCE_DIR "/scenarios/datacentre/servers.yaml";
const char* const kFunctions[] = {"firewall", "nf_router", "ndpi_stats",
                                  "payload_scan", "bridge"};

// The median of a recorded column where the offered rate is within 3 % of
// `rate`.
double Recorded(const Trace& trace, const std::string& name, double rate) {
  const std::vector<double>& rates = trace.Get("offered_rate").values;
  std::vector<double> values;
  for (size_t i = 0; i < rates.size(); ++i) {
    const double value = trace.Get(name).values[i];
    if (std::abs(rates[i] / rate - 1) < 0.03 && !std::isnan(value)) {
      values.push_back(value);
    }
  }
  EXPECT_GT(values.size(), 50u) << name << " " << rate;
  if (values.empty()) return 0;
  std::nth_element(values.begin(), values.begin() + values.size() / 2,
                   values.end());
  return values[values.size() / 2];
}

// Counts of one second at `rate`, which the recorded generator counts with 24
// bytes a frame that are not of the frame (360 bytes in the mean).
Trace Twin(double rate) {
  Diagnostics diagnostics;
  const auto resolved = LoadScenario(kScenario, {}, &diagnostics);
  EXPECT_TRUE(resolved) << diagnostics.Format();
  RunConfig run = resolved->scenario().run;
  run.duration = Milliseconds(200);
  run.sample_interval = Milliseconds(100);
  ServersConfig servers = *resolved->scenario().datacentre->servers;
  servers.chains[0].load.rate = Bandwidth(std::llround(rate * 360 / 384));
  servers.counters.noise = 0;
  return RunServers(run, servers, Replication(0)).series;
}

// Before any calibration: the scenario's costs were set by hand to these
// levels.
TEST(RecordedLevelsTest, ServersScenarioHasTheRecordedCountsAgainstRate) {
  AIRLOCK_MEASURED_OR_SKIP(path, "nfv-chain/stage0_linear_combined.csv.xz");
  const Trace trace = ImportTrace("drst", path);
  for (const double rate : {2.11e9, 5.26e9, 9.94e9}) {
    const Trace twin = Twin(rate);
    std::printf("%.2f Gb/s: latency %.1f us, recorded %.1f us\n", rate / 1e9,
                1e6 * twin.Get("latency_p50").values.back(),
                1e6 * Recorded(trace, "latency_mean", rate));
    for (const char* function : kFunctions) {
      std::printf("  %-12s", function);
      for (const char* event :
           {"instructions", "L1-dcache-load-misses", "cache-references"}) {
        const std::string name =
            std::string("function.") + function + "." + event;
        const double ours = 10 * twin.Get(name).values.back();
        const double theirs = Recorded(trace, name, rate);
        std::printf("  %s %.3g (%.3g)", event, ours, theirs);
        EXPECT_NEAR(ours / theirs, 1, 0.25) << name << " at " << rate;
      }
      std::printf("\n");
    }
  }
}

}  // namespace
}  // namespace airlock
