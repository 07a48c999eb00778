#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "sim/base/error.h"
#include "tests/support/drift_delays.h"
#include "tests/support/stationary_streams.h"

namespace airlock {
namespace {

using testing::DelayPlan;
using testing::MeasureDelays;
using testing::MeasureRunLength;
using testing::NormalChange;
using testing::NormalChanges;
using testing::RunLengthPlan;
using testing::StationaryStream;
using testing::StationaryStreams;

double FromEnvironment(const char* name, double other) {
  const char* text = std::getenv(name);
  return text == nullptr ? other : std::strtod(text, nullptr);
}

// True where the variable is not set.
bool Chosen(const char* variable, const std::string& name) {
  const char* text = std::getenv(variable);
  return text == nullptr || name == text;
}

DriftOptions OptionsOf(const std::string& detector) {
  DriftOptions options;
  options.detector = detector;
  options.ert = FromEnvironment("AIRLOCK_ERT", 1000);
  options.replications =
      static_cast<int64_t>(FromEnvironment("AIRLOCK_REPLICATIONS", 300));
  return options;
}

// The table of measured run lengths, every detector on every stream of the kind
// that it watches; about two hours for all.
//   AIRLOCK_DETECTOR=cusum AIRLOCK_STREAM="AR(1) .7" AIRLOCK_ERT=5000
//   AIRLOCK_REFERENCE=5000 AIRLOCK_REFERENCES=100 AIRLOCK_STREAMS=200
//   AIRLOCK_REPLICATIONS=1000
// choose one detector, one stream, the run length, the reference's samples, how
// many are drawn, how many streams each, and the effort of calibration.
TEST(RunLengthTable, EveryDetectorOnEveryStream) {
  RunLengthPlan plan;
  plan.reference =
      static_cast<int64_t>(FromEnvironment("AIRLOCK_REFERENCE", 3000));
  plan.references =
      static_cast<int64_t>(FromEnvironment("AIRLOCK_REFERENCES", 40));
  plan.streams = static_cast<int64_t>(FromEnvironment("AIRLOCK_STREAMS", 150));
  std::printf("run length set: %.0f samples; measured [95 %% interval]\n",
              OptionsOf("").ert);
  for (const StatisticEntry& entry : ChangeStatistics()) {
    if (!Chosen("AIRLOCK_DETECTOR", entry.name)) continue;
    const DriftOptions options = OptionsOf(entry.name);
    for (const StationaryStream& row : StationaryStreams()) {
      if (!Chosen("AIRLOCK_STREAM", row.name)) continue;
      const bool errors = row.name == std::string("Bernoulli .2");
      if (entry.stream == StreamKind::kBinary && !errors) continue;
      try {
        const Interval measured = MeasureRunLength(row, options, plan);
        std::printf("%-24s %-14s %7.0f [%7.0f, %7.0f]\n", entry.name, row.name,
                    measured.estimate, measured.low, measured.high);
        EXPECT_LT(measured.low, 1.1 * options.ert) << entry.name << row.name;
        EXPECT_GT(measured.high, 0.9 * options.ert) << entry.name << row.name;
      } catch (const InputError& error) {
        ADD_FAILURE() << entry.name << ", " << row.name << ": " << error.what();
      }
      std::fflush(stdout);
    }
  }
}

// Delays of every detector of real streams at the same run length, and of those
// compared with at their publications' parameters.
TEST(DelayTable, EveryDetectorOnShiftsAndSpread) {
  DelayPlan plan;
  plan.references = 20;
  plan.streams = 50;
  const auto print = [&](const DriftOptions& options) {
    const auto delays = MeasureDelays(options, plan);
    for (const NormalChange& change : NormalChanges()) {
      const testing::Delays& each = delays.at(change.name);
      std::printf(
          "%-24s %-8s %-7s median %5.0f  within 300 %5.1f %%  within 1000 "
          "%5.1f %%\n",
          options.detector.c_str(), options.classic ? "classic" : "ERT",
          change.name, each.MedianSamples(), 100 * each.ShareWithin(300),
          100 * each.ShareWithin(1000));
      EXPECT_EQ(each.samples.size(), 1000u);
    }
    std::fflush(stdout);
  };
  for (const StatisticEntry& entry : ChangeStatistics()) {
    if (entry.stream == StreamKind::kBinary) continue;
    if (!Chosen("AIRLOCK_DETECTOR", entry.name)) continue;
    DriftOptions options = OptionsOf(entry.name);
    print(options);
    if (entry.stream != StreamKind::kReal) continue;  // values beyond [0, 1]
    options.classic = true;
    print(options);
  }
}

}  // namespace
}  // namespace airlock
