#include "twin/pipeline/clock_offset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "sim/base/rng.h"
#include "tests/support/error_of.h"
#include "tests/support/synthetic_trace.h"
#include "twin/pipeline/leak.h"

namespace airlock {
namespace {

using ::airlock::testing::ErrorOf;

using ::testing::HasSubstr;

// `counters` noisy readings of a wandering load, and a KPI that follows it;
// the counters' rows come `offset` samples later than the KPI's (earlier if
// negative), as two programs with two clocks write them. `strength` 0: the KPI
// wanders on its own.
Trace ShiftedTrace(int64_t samples, int counters, int64_t offset,
                   double strength, uint64_t seed) {
  RngStream rng = RngTree(seed).Stream("test/shifted", Replication(0));
  const int64_t room = 10;
  std::vector<double> load, own;
  double a = 0, b = 0;
  for (int64_t t = 0; t < samples + 2 * room; ++t) {
    load.push_back(a = 0.95 * a + rng.Normal(0, 1));
    own.push_back(b = 0.95 * b + rng.Normal(0, 1));
  }
  Trace trace;
  trace.source = "shifted";
  std::vector<double> kpi;
  for (int64_t t = 0; t < samples; ++t) {
    const size_t i = static_cast<size_t>(t + room);
    trace.time_seconds.push_back(static_cast<double>(t));
    kpi.push_back(strength * load[i] + (1 - strength) * own[i]);
  }
  trace.columns.push_back(
      MakeColumn("delivered_rate", Role::kKpi, "bit/s", Scope::kSystem, kpi));
  for (int c = 0; c < counters; ++c) {
    std::vector<double> values;
    for (int64_t t = 0; t < samples; ++t) {
      values.push_back(load[static_cast<size_t>(t + room - offset)] +
                       rng.Normal(0, 2));
    }
    trace.columns.push_back(MakeColumn("core." + std::to_string(c) + ".busy",
                                       Role::kCounter, "1", Scope::kCore,
                                       values));
  }
  return trace;
}

TEST(ClockOffset, FindsEveryOffsetAndItsSign) {
  for (int64_t offset = -5; offset <= 5; ++offset) {
    const ClockOffset found =
        FindClockOffset(ShiftedTrace(600, 8, offset, 0.9, 1), "delivered_rate",
                        ClockOffsetOptions());
    EXPECT_EQ(found.samples, offset) << found.ToText();
    EXPECT_TRUE(found.significant);
  }
}

// A false offset shifts every counter for nothing: at most the set chance.
TEST(ClockOffset, IsZeroWhereKpiAndCountersAreUnrelated) {
  int found = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    found += FindClockOffset(ShiftedTrace(300, 5, 3, 0, seed), "delivered_rate",
                             ClockOffsetOptions())
                 .samples != 0;
  }
  // P(more than 6 of 40 at 5 %) < 0.004.
  EXPECT_LE(found, 6);
}

TEST(ClockOffset, NoPairIsTakenAcrossTheBordersOfExperiments) {
  // The same experiment thrice: a turn of whole segments would fit as well.
  Trace trace = ShiftedTrace(600, 6, -1, 0.9, 3);
  for (Column& column : trace.columns) {
    for (size_t t = 200; t < 600; ++t) {
      column.values[t] = column.values[t - 200];
    }
  }
  trace.attributes.push_back({"segment_starts", "0 200 400"});
  const ClockOffset found =
      FindClockOffset(trace, "delivered_rate", ClockOffsetOptions());
  EXPECT_EQ(found.samples, -1) << found.ToText();
}

TEST(ClockOffset, OneMomentDoesNotDecide) {
  Trace trace = ShiftedTrace(400, 5, 0, 0, 4);
  trace.columns[0].values[200] += 1000;
  for (size_t c = 1; c < trace.columns.size(); ++c) {
    trace.columns[c].values[202] += 1000;
  }
  const ClockOffset found =
      FindClockOffset(trace, "delivered_rate", ClockOffsetOptions());
  EXPECT_EQ(found.best, 2);
  EXPECT_EQ(found.samples, 0) << found.ToText();
  EXPECT_GT(found.rivals, 0.05);
}

TEST(ClockOffset, ConstantSeriesAndMissingCountersGiveZero) {
  Trace trace = ShiftedTrace(100, 2, 1, 0.9, 5);
  trace.columns[0].values.assign(100, 7);
  const ClockOffset found =
      FindClockOffset(trace, "delivered_rate", ClockOffsetOptions());
  EXPECT_EQ(found.samples, 0);
  EXPECT_FALSE(found.significant);
  EXPECT_THAT(found.ToText(), HasSubstr("nothing to compare"));
}

TEST(ClockOffset, RefusesWhatCannotBeSearched) {
  const Trace trace = ShiftedTrace(40, 2, 1, 0.9, 5);
  ClockOffsetOptions options;
  EXPECT_THAT(
      ErrorOf([&] { FindClockOffset(trace, "delivered_rate", options); }),
      HasSubstr("40 samples are too few to search for it; 50 are needed "
                "(preparation.clock_offset=0 does without)"));
  options.maximum = 6;
  EXPECT_THAT(
      ErrorOf([&] { FindClockOffset(trace, "delivered_rate", options); }),
      HasSubstr("6 samples to search either way must lie within 0 and 5"));
}

// The offset is worth its while, and no leak as long as it is stated.
TEST(ClockOffset, ReachesTheModelAndTheLeakCheckKnowsIt) {
  const Trace trace = ShiftedTrace(600, 8, 2, 0.9, 6);
  ForecastProblem problem;
  problem.clock_offset = 2;
  EXPECT_FALSE(CheckForLeak(problem, trace, LeakOptions()).leaks);
  const FeatureSelection selection = SelectFeatures(problem, trace);
  EXPECT_EQ(selection.features.front().Label(), "core.0.busy@+2");
  problem.include.push_back({Role::kCounter, {}, "*", 1});
  EXPECT_TRUE(CheckForLeak(problem, trace, LeakOptions()).leaks);
  problem = ForecastProblem();
  problem.include = {{Role::kCounter, {}, "*", 2}};
  EXPECT_TRUE(CheckForLeak(problem, trace, LeakOptions()).leaks);
  problem = ForecastProblem();
  problem.clock_offset = 6;
  EXPECT_THAT(ErrorOf([&] { SelectFeatures(problem, trace); }),
              HasSubstr("clock offset +6 must lie within -5 and 5 samples"));
}

}  // namespace
}  // namespace airlock
