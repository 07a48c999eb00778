#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "sim/base/error.h"
#include "tests/support/stationary_streams.h"

namespace airlock {
namespace {

using testing::MeasureRunLength;
using testing::RunLengthPlan;
using testing::StationaryStream;
using testing::StationaryStreams;

double FromEnvironment(const char* name, double other) {
  const char* text = std::getenv(name);
  return text == nullptr ? other : std::strtod(text, nullptr);
}

// The table of measured run lengths, detector by stream; about an hour for all.
//   AIRLOCK_DETECTOR=cusum AIRLOCK_ERT=5000 AIRLOCK_REFERENCES=100
// choose one detector, run length and effort.
TEST(RunLengthTable, EveryDetectorOnEveryStream) {
  const char* only = std::getenv("AIRLOCK_DETECTOR");
  DriftOptions options;
  options.ert = FromEnvironment("AIRLOCK_ERT", 1000);
  options.replications = 500;
  RunLengthPlan plan;
  plan.reference =
      static_cast<int64_t>(FromEnvironment("AIRLOCK_REFERENCE", 3000));
  plan.references =
      static_cast<int64_t>(FromEnvironment("AIRLOCK_REFERENCES", 30));
  std::printf("run length set: %.0f samples; measured [95 %% interval]\n",
              options.ert);
  for (const StatisticEntry& entry : ChangeStatistics()) {
    if (only != nullptr && std::string(only) != entry.name) continue;
    options.detector = entry.name;
    for (const StationaryStream& row : StationaryStreams()) {
      try {
        const Interval measured = MeasureRunLength(row, options, plan);
        std::printf("%-24s %-14s %7.0f [%7.0f, %7.0f]\n", entry.name, row.name,
                    measured.estimate, measured.low, measured.high);
        EXPECT_LT(measured.low, 1.1 * options.ert) << entry.name << row.name;
        EXPECT_GT(measured.high, 0.9 * options.ert) << entry.name << row.name;
      } catch (const InputError& error) {
        std::printf("%-24s %-14s %s\n", entry.name, row.name, error.what());
      }
      std::fflush(stdout);
    }
  }
}

}  // namespace
}  // namespace airlock
