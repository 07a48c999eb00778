#include <gtest/gtest.h>

#include <cstdlib>

#include "calibration/traces/importer.h"
#include "tests/support/measured_data.h"
#include "tests/support/temporary_folder.h"
#include "twin/pipeline/clock_offset.h"
#include "twin/pipeline/fit.h"
#include "twin/pipeline/selection.h"

namespace airlock {
namespace {

// The load generator's clock lags the counters' by one row, in both files and
// in every part of them: a KPI's counters stand one row above it.
void ExpectLagOfOne(const Trace& trace) {
  const int64_t half = trace.samples() / 2;
  for (const Trace& part :
       {trace, trace.Slice(0, half), trace.Slice(half, trace.samples())}) {
    const ClockOffset found =
        FindClockOffset(part, "delivered_rate", ClockOffsetOptions());
    EXPECT_EQ(found.samples, -1) << found.ToText();
  }
}

TEST(MeasuredClockOffset, ContentionOfTheChainLagsByOneSample) {
  AIRLOCK_MEASURED_OR_SKIP(path,
                           "nfv-chain/dag1_resource_stimulus_A-B-C.csv.xz");
  ExpectLagOfOne(ImportTrace("drst", path));
}

TEST(MeasuredClockOffset, LoadSweepOfTheChainLagsByOneSample) {
  AIRLOCK_MEASURED_OR_SKIP(path, "nfv-chain/stage0_linear_combined.csv.xz");
  ExpectLagOfOne(ImportTrace("drst", path));
}

// One program writes the testbed's counters and KPIs. Latency answers over
// several samples, which is no clock offset.
TEST(MeasuredClockOffset, TestbedHasNone) {
  for (const char* name : {"sweep", "contention", "drift"}) {
    const Trace trace = ImportTrace("testbed", std::string(AIRLOCK_SOURCE_DIR) +
                                                   "/data/" + name + ".csv.xz");
    for (const char* kpi : {"delivered_rate", "latency_mean", "latency_p99"}) {
      const ClockOffset found =
          FindClockOffset(trace, kpi, ClockOffsetOptions());
      EXPECT_EQ(found.samples, 0) << name << " " << kpi << found.ToText();
    }
  }
}

// Hundreds of columns of Intel PCM: a folder of eleven CSV files.
TEST(MeasuredSelection, HundredsOfPcmColumnsArePreparedAndRanked) {
  AIRLOCK_MEASURED_OR_SKIP(archive,
                           "nfv-chain/pcm_linear_const-1gbps_full.zip");
  const testing::TemporaryFolder folder;
  const std::string command =
      "unzip -qq '" + archive + "' -d '" + folder.path() + "'";
  if (std::system(command.c_str()) != 0) {
    GTEST_SKIP() << "the program unzip is needed to unpack " << archive;
  }
  const Trace trace = ImportTrace("pcm", folder / "const-1gbps");
  ASSERT_GT(trace.columns.size(), 500u);
  ForecastProblem problem;
  problem.horizon = 1;
  for (const Column& column : trace.columns) {
    if (column.name.find("ipc") == std::string::npos) continue;
    problem.target = column.name;
    break;
  }
  const FeatureSelection selection = SelectFeatures(problem, trace);
  PreparationRecord record;
  Preparation preparation;
  const SampleTable prepared = preparation.Fit(
      selection.features,
      BuildSamples(trace, selection.features, problem.target, problem.horizon),
      problem, PreparationOptions(), &record);
  EXPECT_EQ(prepared.columns + static_cast<int64_t>(record.dropped.size()),
            static_cast<int64_t>(selection.features.size()));
  RankingOptions options;
  options.limit = 60;
  for (const RankingMethodEntry& entry : RankingMethods()) {
    EXPECT_EQ(RankFeatures(entry.method, prepared, options).size(), 60u)
        << entry.name;
  }
}

}  // namespace
}  // namespace airlock
