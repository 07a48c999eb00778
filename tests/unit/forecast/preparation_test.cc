#include "twin/forecast/preparation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "sim/base/rng.h"
#include "tests/support/error_of.h"
#include "tests/support/synthetic_trace.h"

namespace airlock {
namespace {

using ::airlock::testing::ErrorOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

std::vector<Feature> CountersOf(const Trace& trace) {
  return SelectFeatures(ForecastProblem(), trace).features;
}

// Prepares the trace's counters for `problem` and returns the record.
PreparationRecord Prepare(const Trace& trace,
                          const ForecastProblem& problem = {},
                          const PreparationOptions& options = {}) {
  PreparationRecord record;
  const std::vector<Feature> features = SelectFeatures(problem, trace).features;
  Preparation().Fit(features,
                    BuildSamples(trace, features, problem.target,
                                 problem.horizon, problem.samples),
                    problem, options, &record);
  return record;
}

Column& Of(Trace* trace, const std::string& name) {
  for (Column& column : trace->columns) {
    if (column.name == name) return column;
  }
  throw InputError(name);
}

std::string ReasonFor(const std::string& column,
                      const PreparationRecord& record) {
  for (const DroppedColumn& dropped : record.dropped) {
    if (dropped.column == column) return dropped.reason;
  }
  return "";
}

TEST(Preparation, NamesEveryDroppedColumnWithItsReason) {
  Trace trace = SyntheticTrace(200, 1);
  Trace more = trace;
  auto add = [&](const std::string& name, auto value) {
    std::vector<double> values;
    for (size_t t = 0; t < 200; ++t) values.push_back(value(t));
    more.columns.push_back(
        MakeColumn(name, Role::kCounter, "1", Scope::kSystem, values));
  };
  const std::vector<double>& busy = trace.Get("core.0.busy").values;
  add("empty", [](size_t) { return kMissing; });
  add("holes", [](size_t t) { return t % 4 == 0 ? kMissing : t % 7; });
  add("copy", [&](size_t t) { return busy[t]; });
  add("idle", [&](size_t t) { return 100 - 100 * busy[t]; });
  add("since_boot", [](size_t t) { return static_cast<double>(t); });
  const PreparationRecord record = Prepare(more);
  EXPECT_EQ(ReasonFor("empty", record), "missing in every training row");
  EXPECT_EQ(ReasonFor("holes", record),
            "missing in 25.0% of the training rows");
  EXPECT_EQ(ReasonFor("core.0.flat", record),
            "constant (3) in the training rows");
  EXPECT_EQ(ReasonFor("copy", record),
            "a copy of core.0.busy, up to scale and offset");
  EXPECT_EQ(ReasonFor("idle", record),
            "a copy of core.0.busy, up to scale and offset");
  EXPECT_THAT(ReasonFor("since_boot", record), HasSubstr("wanders off: 100%"));
  EXPECT_EQ(ReasonFor("core.0.busy", record), "");
  EXPECT_THAT(record.ToText(),
              HasSubstr("columns dropped: 2: a copy of core.0.busy, up to "
                        "scale and offset: copy, idle\n"));
}

TEST(Preparation, EveryStepCanBeSwitchedOff) {
  Trace trace = SyntheticTrace(200, 1);
  trace.columns.push_back(trace.Get("core.0.busy"));
  trace.columns.back().name = "copy";
  for (size_t t = 0; t < 200; t += 4) {
    Of(&trace, "core.0.misses").values[t] = kMissing;
  }
  PreparationOptions options;
  options.duplicates = false;
  options.maximum_missing = 1;
  const PreparationRecord record = Prepare(trace, ForecastProblem(), options);
  EXPECT_EQ(ReasonFor("copy", record), "");
  EXPECT_EQ(ReasonFor("core.0.misses", record), "");
  EXPECT_EQ(record.imputed_values, 50);
}

TEST(Preparation, NearCopiesAreNoCopies) {
  Trace trace = SyntheticTrace(200, 1);
  trace.columns.push_back(trace.Get("core.0.busy"));
  trace.columns.back().name = "near";
  trace.columns.back().values[77] += 1e-4;
  EXPECT_EQ(ReasonFor("near", Prepare(trace)), "");
  PreparationOptions options;
  options.rounding = 1e-2;
  EXPECT_THAT(ReasonFor("near", Prepare(trace, {}, options)),
              HasSubstr("a copy of core.0.busy"));
}

TEST(Preparation, InfiniteValuesAndTimeoutsAreMissing) {
  Trace trace = SyntheticTrace(200, 1);
  Of(&trace, "core.0.busy").values[3] = std::numeric_limits<double>::infinity();
  Of(&trace, "core.0.misses").values[5] = 15000;
  Of(&trace, "delivered_rate").values[7] = 1e12;
  ForecastProblem problem;
  problem.samples.timeouts = {{"core.0.misses", 15000},
                              {"delivered_rate", 1e12}};
  const std::vector<Feature> features = SelectFeatures(problem, trace).features;
  PreparationRecord record;
  Preparation preparation;
  preparation.Fit(
      features,
      BuildSamples(trace, features, problem.target, 0, problem.samples),
      problem, PreparationOptions(), &record);
  EXPECT_EQ(record.imputed_values, 2);
  EXPECT_EQ(record.rows_without_target, 1);
  EXPECT_EQ(record.training_rows, 199);
  EXPECT_THAT(record.notes,
              ElementsAre("core.0.busy: infinite in 1 training rows, taken as "
                          "missing"));
  // At run time too, without BuildSamples.
  const size_t kept = preparation.features().size();
  std::vector<double> raw(kept), out(kept);
  for (size_t k = 0; k < kept; ++k) raw[k] = preparation.features()[k].median;
  const std::vector<double> medians = raw;
  std::vector<double> expected(kept);
  int64_t imputed = 0;
  preparation.Apply(medians.data(), expected.data(), &imputed);
  EXPECT_EQ(imputed, 0);
  raw[0] = -std::numeric_limits<double>::infinity();
  raw[1] = 20000;
  EXPECT_EQ(preparation.Apply(raw.data(), out.data(), &imputed), 0);
  EXPECT_EQ(imputed, 2);
  EXPECT_EQ(out, expected);
  problem.samples.timeouts = {{"core.9.misses", 1}};
  EXPECT_THAT(ErrorOf([&] { SelectFeatures(problem, trace); }),
              HasSubstr("no column 'core.9.misses'"));
}

TEST(Preparation, AConstantTargetIsRefused) {
  Trace trace = SyntheticTrace(100, 1);
  Of(&trace, "delivered_rate").values.assign(100, 8);
  EXPECT_THAT(ErrorOf([&] { Prepare(trace); }),
              HasSubstr("the target delivered_rate is constant (8) in the 100 "
                        "training rows: there is nothing to learn"));
}

TEST(Preparation, NoRowReachesAcrossABorder) {
  Trace trace = SyntheticTrace(200, 1);
  trace.attributes.push_back({"segment_starts", "0 100"});
  for (size_t t = 150; t < 200; ++t) trace.time_seconds[t] += 5;
  EXPECT_THAT(SegmentStarts(trace), ElementsAre(0, 100, 150));
  ForecastProblem problem;
  problem.lags = 2;
  problem.horizon = 1;
  const std::vector<Feature> features = CountersOf(trace);
  std::vector<Feature> lagged = features;
  lagged[0].shift = -2;
  const SampleTable table = BuildSamples(trace, lagged, "delivered_rate", 1);
  for (const int64_t t : {0, 1, 100, 101, 150, 151}) {
    EXPECT_FALSE(table.IsWhole(t)) << t;
    EXPECT_TRUE(std::isnan(table.Row(t)[0])) << t;
  }
  for (const int64_t t : {2, 99, 102, 149, 152}) EXPECT_TRUE(table.IsWhole(t));
  for (const size_t t : {99, 149, 199}) EXPECT_TRUE(std::isnan(table.y[t]));
  EXPECT_FALSE(std::isnan(table.y[100]));
  const PreparationRecord record = Prepare(trace, problem);
  ASSERT_EQ(record.dropped_rows.size(), 2u);
  EXPECT_EQ(record.dropped_rows[0].rows, 6);
  EXPECT_EQ(record.dropped_rows[1].rows, 3);
  EXPECT_EQ(record.training_rows, 191);
  problem.samples.segments = false;
  EXPECT_EQ(Prepare(trace, problem).training_rows, 197);
}

TEST(SegmentStarts, FollowASliceAndRefuseWhatIsNoNumber) {
  Trace trace = SyntheticTrace(200, 1);
  trace.attributes = {{"segment_starts", "0 100 150"}};
  EXPECT_THAT(SegmentStarts(trace.Slice(90, 120)), ElementsAre(0, 10));
  EXPECT_THAT(SegmentStarts(trace.Slice(100, 160)), ElementsAre(0, 50));
  EXPECT_TRUE(SegmentStarts(trace.Slice(0, 0)).empty());
  trace.attributes = {{"segment_starts", "0 1x0"}};
  EXPECT_THAT(ErrorOf([&] { SegmentStarts(trace); }),
              HasSubstr("'1x0' is not the number of a sample"));
}

TEST(Preparation, AClockThatJumpsBackIsRefusedByName) {
  Trace trace = SyntheticTrace(100, 1);
  trace.time_seconds[40] = 3;
  EXPECT_THAT(ErrorOf([&] { trace.Validate(); }),
              HasSubstr("sample 40: time 3 s does not come after 19.5 s"));
}

TEST(CountingNotes, NameCountersThatWereRarelyCounted) {
  Trace trace = SyntheticTrace(100, 1);
  trace.attributes = {{"running_percent.core.0.busy", "min 100.00 mean 100.00"},
                      {"running_percent.core.0.misses", "min 6.10 mean 7.20"}};
  EXPECT_THAT(CountingNotes(trace, CountersOf(trace)),
              ElementsAre("core.0.misses: counted for 7% of the time (least "
                          "6%), the rest is perf's extrapolation"));
}

TEST(PreparationRecord, JsonRestoresIt) {
  PreparationRecord record;
  record.dropped = {{"a", "constant"}};
  record.dropped_rows = {{"no target", 3}};
  record.rows_without_target = 3;
  record.training_rows = 40;
  record.imputed_values = 2;
  record.clock_offset = -1;
  record.notes = {"a note"};
  const PreparationRecord copy = PreparationRecord::FromJson(record.ToJson());
  EXPECT_EQ(copy.ToJson(), record.ToJson());
  EXPECT_EQ(copy.ToText(),
            "40 training rows, 2 missing values replaced, counters -1 samples\n"
            "rows dropped: 3: no target\n"
            "columns dropped: 1: constant: a\n"
            "note: a note\n");
  EXPECT_THAT(ErrorOf([] { PreparationRecord::FromJson("{}"); }),
              HasSubstr("not a record of a preparation"));
}

}  // namespace
}  // namespace airlock
