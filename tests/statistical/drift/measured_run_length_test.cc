#include <gtest/gtest.h>

#include <cstdio>

#include "calibration/traces/importer.h"
#include "tests/support/measured_run_lengths.h"

namespace airlock {
namespace {

using testing::BlockPlan;
using testing::MonitoredSeries;
using testing::PooledRunLength;
using testing::Watched;
using testing::WatchInBlocks;

// Latencies and busy times of our testbed given the load, in blocks in random
// order: autocorrelated, with heavy tails and spells. With ten times as many
// halves the mean is 452 (358 to 541) here; alarms come early because the
// longest spells occur a few times only in a reference of 900 samples.
TEST(MeasuredRunLength, OfTheSweepInBlocks) {
  const Trace sweep = ImportTrace(
      "testbed", std::string(AIRLOCK_SOURCE_DIR) + "/data/sweep.csv.xz");
  DriftOptions options;
  options.ert = 500;
  options.replications = 100;
  BlockPlan plan;
  plan.block = 50;
  std::vector<Watched> features;
  for (const std::vector<double>& series : MonitoredSeries(sweep, {})) {
    features.push_back(WatchInBlocks(series, plan, options));
  }
  const Interval measured = PooledRunLength(features);
  std::printf(
      "sweep in blocks: run length set %.0f, measured %.0f [%.0f, "
      "%.0f]\n",
      options.ert, measured.estimate, measured.low, measured.high);
  EXPECT_EQ(features.size(), 5u);
  EXPECT_GT(measured.estimate, 0.65 * options.ert);
  EXPECT_LT(measured.estimate, 1.35 * options.ert);
}

}  // namespace
}  // namespace airlock
