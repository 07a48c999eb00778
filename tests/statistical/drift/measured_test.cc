#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "calibration/traces/importer.h"
#include "tests/support/measured_data.h"
#include "twin/drift/watch.h"

namespace airlock {
namespace {

Trace Shipped(const std::string& name) {
  return ImportTrace("testbed",
                     std::string(AIRLOCK_SOURCE_DIR) + "/data/" + name);
}

// The defaults: latencies and busy times, given the load; the rank bank;
// expected run length 10 000 samples, simulated less closely than by default.
DriftOptions Options() {
  DriftOptions options;
  options.replications = 100;
  options.most_updates = 2e7;
  return options;
}

void Print(const char* what, const DriftTrigger& trigger,
           const DriftWatch& watch) {
  std::printf("%s: threshold %.3f\n%s", what, trigger.detector().threshold(),
              watch.ToText().c_str());
}

// The load of the sweep never rests; nothing else changes.
TEST(ShippedTraces, SilentOnTheSweepsHeldOutPart) {
  const Trace sweep = Shipped("sweep.csv.xz");
  const int64_t end = sweep.samples() * 6 / 10;
  DriftTrigger trigger = CalibrateDrift(sweep.Slice(0, end), {}, Options());
  const DriftWatch watch = trigger.Watch(sweep.Slice(end, sweep.samples()));
  Print("sweep", trigger, watch);
  EXPECT_GT(watch.samples, 500);
  EXPECT_FALSE(watch.drift());
}

TEST(ShippedTraces, FiresSoonAfterTheChange) {
  const Trace drift = Shipped("drift.csv.xz");
  const double change =
      std::strtod(drift.Attribute("change_time_seconds").c_str(), nullptr);
  ASSERT_GT(change, 0);
  int64_t changed = 0;
  while (drift.time_seconds[static_cast<size_t>(changed)] < change) ++changed;
  // The host settles in the first 100 samples (16 s): the inspector takes 39 us
  // a packet then, 34 us later.
  const int64_t begin = 100;
  const int64_t end = changed - 94;
  DriftTrigger trigger = CalibrateDrift(drift.Slice(begin, end), {}, Options());
  const DriftWatch watch = trigger.Watch(drift.Slice(end, drift.samples()));
  Print("drift", trigger, watch);
  ASSERT_TRUE(watch.drift());
  const int64_t delay = watch.alarms.front().sample + end - changed;
  std::printf("change at sample %ld, alarm %ld samples later\n",
              static_cast<long>(changed), static_cast<long>(delay));
  EXPECT_GT(delay, 0) << "a false alarm before the change";
  EXPECT_LE(delay, 60);
}

// A chain's linear sweep, then the same chain under contention.
TEST(MeasuredChain, ContentionIsFound) {
  AIRLOCK_MEASURED_OR_SKIP(sweep_path,
                           "nfv-chain/stage0_linear_combined.csv.xz");
  AIRLOCK_MEASURED_OR_SKIP(contention_path,
                           "nfv-chain/dag1_resource_stimulus_A-B-C.csv.xz");
  MonitorOptions monitor;
  monitor.include = ParseFeaturePatterns({"counter:*instructions"});
  DriftTrigger trigger =
      CalibrateDrift(ImportTrace("drst", sweep_path), monitor, Options());
  const DriftWatch watch = trigger.Watch(ImportTrace("drst", contention_path));
  Print("contention", trigger, watch);
  ASSERT_TRUE(watch.drift());
  EXPECT_LE(watch.alarms.front().sample, 150);
}

}  // namespace
}  // namespace airlock
