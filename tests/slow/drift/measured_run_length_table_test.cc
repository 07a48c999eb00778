#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "calibration/traces/importer.h"
#include "tests/support/measured_data.h"
#include "tests/support/measured_run_lengths.h"

namespace airlock {
namespace {

using testing::BlockPlan;
using testing::FindMeasured;
using testing::IsSteady;
using testing::MonitoredSeries;
using testing::PooledRunLength;
using testing::Watched;
using testing::WatchInBlocks;
using testing::WatchInOrder;

DriftOptions Options() {
  DriftOptions options;
  options.ert = 500;
  options.replications = 200;
  return options;
}

struct Row {
  std::vector<Watched> blocks;
  std::vector<Watched> in_order;
  std::vector<Watched> steady;  // of those in order, those that are
};

Row Measure(const Trace& trace, const MonitorOptions& monitor) {
  Row row;
  for (const std::vector<double>& series : MonitoredSeries(trace, monitor)) {
    row.blocks.push_back(WatchInBlocks(series, BlockPlan(), Options()));
    row.in_order.push_back(WatchInOrder(series, 100, Options()));
    if (IsSteady(series)) row.steady.push_back(row.in_order.back());
  }
  return row;
}

void Print(const char* trace, const char* what,
           const std::vector<Watched>& features) {
  const Interval measured = PooledRunLength(features);
  std::printf("%-12s %-28s %3zu features %6.0f [%6.0f, %6.0f]\n", trace, what,
              features.size(), measured.estimate, measured.low, measured.high);
  std::fflush(stdout);
}

Row PrintRow(const char* name, const Trace& trace,
             const MonitorOptions& monitor) {
  Row row = Measure(trace, monitor);
  Print(name, "in random blocks of 100", row.blocks);
  Print(name, "in order", row.in_order);
  Print(name, "in order, steady throughout", row.steady);
  return row;
}

// The stationary part of every measured trace; about ten minutes. In blocks
// streams are stationary by construction; the run length is not met within
// 10 % there, because references hold few blocks, but no alarm rate may be far
// off. Drift's reference of 220 samples is two blocks: too few to pool.
TEST(MeasuredRunLengthTable, RankBank) {
  std::printf("run length set: %.0f samples; measured [95 %% interval]\n",
              Options().ert);
  const std::string data = std::string(AIRLOCK_SOURCE_DIR) + "/data/";
  const Trace drift = ImportTrace("testbed", data + "drift.csv.xz");
  const double change =
      std::strtod(drift.Attribute("change_time_seconds").c_str(), nullptr);
  int64_t changed = 0;
  while (drift.time_seconds[static_cast<size_t>(changed)] < change) ++changed;
  std::vector<Row> rows;
  rows.push_back(
      PrintRow("sweep", ImportTrace("testbed", data + "sweep.csv.xz"), {}));
  rows.push_back(PrintRow(
      "contention", ImportTrace("testbed", data + "contention.csv.xz"), {}));
  // The host settles in the first 100 samples.
  rows.push_back(PrintRow("drift", drift.Slice(100, changed), {}));
  MonitorOptions chain;
  chain.include =
      ParseFeaturePatterns({"kpi:latency*", "counter:*instructions",
                            "counter:*cache-misses", "counter:*cycles"});
  for (const char* name :
       {"stage0_linear_combined", "dag1_resource_stimulus_A-B-C"}) {
    const std::string path =
        FindMeasured("nfv-chain/" + std::string(name) + ".csv.xz");
    if (path.empty()) {
      std::printf("no measured data '%s'\n", name);
      continue;
    }
    rows.push_back(PrintRow(std::string(name).substr(0, 6).c_str(),
                            ImportTrace("drst", path), chain));
  }
  Row all;
  rows[2].blocks.clear();
  for (const Row& row : rows) {
    all.blocks.insert(all.blocks.end(), row.blocks.begin(), row.blocks.end());
    all.in_order.insert(all.in_order.end(), row.in_order.begin(),
                        row.in_order.end());
    all.steady.insert(all.steady.end(), row.steady.begin(), row.steady.end());
  }
  Print("all", "in random blocks of 100", all.blocks);
  Print("all", "in order", all.in_order);
  Print("all", "in order, steady throughout", all.steady);
  const Interval measured = PooledRunLength(all.blocks);
  EXPECT_LT(measured.low, 1.1 * Options().ert);
  EXPECT_GT(measured.high, 0.7 * Options().ert);
}

}  // namespace
}  // namespace airlock
