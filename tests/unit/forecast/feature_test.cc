#include "twin/forecast/feature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/base/error.h"
#include "tests/support/error_of.h"
#include "tests/support/synthetic_trace.h"

namespace airlock {
namespace {

using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;

std::vector<std::string> Labels(const ForecastProblem& problem,
                                const Trace& trace) {
  std::vector<std::string> labels;
  for (const Feature& feature : SelectFeatures(problem, trace).features) {
    labels.push_back(feature.Label());
  }
  return labels;
}

TEST(FeaturePattern, ReadsRoleScopeNameAndShift) {
  for (const char* text :
       {"counter:*", "counter/core:*.user", "offered_rate", "core.0.user@-2",
        "delivered_rate@+1", "*/interface:*"}) {
    EXPECT_EQ(ParseFeaturePattern(text).ToText(), text);
  }
  EXPECT_EQ(ParseFeaturePattern("delivered_rate@+1").shift, 1);
  EXPECT_EQ(ParseFeaturePattern("x@1").shift, 1);
}

TEST(FeaturePattern, SaysWhichPartIsWrong) {
  EXPECT_THAT(ErrorOf([] { ParseFeaturePattern("metric:*"); }),
              HasSubstr("'metric' is not a role; write input, kpi, counter"));
  EXPECT_THAT(ErrorOf([] { ParseFeaturePattern("counter/cpu:*"); }),
              HasSubstr("'cpu' is not a scope; write system, socket, core"));
  EXPECT_THAT(ErrorOf([] { ParseFeaturePattern("a@b"); }),
              HasSubstr("'b' is not a shift"));
  EXPECT_THAT(ErrorOf([] { ParseFeaturePattern("a@"); }),
              HasSubstr("'' is not a shift"));
  EXPECT_THAT(ErrorOf([] { ParseFeaturePattern("counter:"); }),
              HasSubstr("no column name"));
}

TEST(SelectFeatures, AtHorizonZeroLeavesKpisAndTrafficOut) {
  const Trace trace = SyntheticTrace(100, 1);
  ForecastProblem problem;
  problem.include = ParseFeaturePatterns({"*"});
  EXPECT_THAT(Labels(problem, trace),
              ElementsAre("core.0.busy", "core.0.misses", "core.0.noise",
                          "core.0.flat"));
  const FeatureSelection selection = SelectFeatures(problem, trace);
  ASSERT_EQ(selection.dropped.size(), 4u);
  EXPECT_EQ(selection.dropped[0].column, "offered_rate");
  EXPECT_EQ(selection.dropped[0].reason, "the offered rate may not be seen");
  EXPECT_THAT(selection.dropped[1].reason, HasSubstr("a KPI"));
  EXPECT_THAT(selection.dropped[3].reason, HasSubstr("counts the traffic"));
}

TEST(SelectFeatures, TheOfferedRateIsAChoice) {
  const Trace trace = SyntheticTrace(100, 1);
  ForecastProblem problem;
  problem.exclude = ParseFeaturePatterns({"core.0.n*", "core.0.flat"});
  EXPECT_THAT(Labels(problem, trace),
              ElementsAre("core.0.busy", "core.0.misses"));
  problem.offered_rate = true;
  EXPECT_THAT(Labels(problem, trace),
              ElementsAre("offered_rate", "core.0.busy", "core.0.misses"));
  problem.horizon = 2;
  EXPECT_THAT(Labels(problem, trace),
              ElementsAre("offered_rate", "core.0.busy", "core.0.misses",
                          "interface.out.tx_packets"));
  problem.past_target = true;
  problem.lags = 1;
  EXPECT_THAT(
      Labels(problem, trace),
      ElementsAre("offered_rate@-1", "offered_rate", "delivered_rate@-1",
                  "delivered_rate", "core.0.busy@-1", "core.0.busy",
                  "core.0.misses@-1", "core.0.misses",
                  "interface.out.tx_packets@-1", "interface.out.tx_packets"));
}

// Interval counters of two clocks overlap in part: the neighbours on both sides
// tell something, as far as the offset makes them known.
TEST(SelectFeatures, LagsReachToBothSidesOfAClockOffset) {
  const Trace trace = SyntheticTrace(100, 1);
  ForecastProblem problem;
  problem.include = ParseFeaturePatterns({"core.0.busy"});
  problem.offered_rate = true;
  problem.lags = 1;
  problem.clock_offset = 1;
  EXPECT_THAT(Labels(problem, trace),
              ElementsAre("offered_rate@-1", "offered_rate", "core.0.busy",
                          "core.0.busy@+1"));
  problem.offered_rate = false;
  problem.clock_offset = -1;
  EXPECT_THAT(Labels(problem, trace),
              ElementsAre("core.0.busy@-2", "core.0.busy@-1", "core.0.busy"));
  problem.clock_offset = -3;
  EXPECT_THAT(
      Labels(problem, trace),
      ElementsAre("core.0.busy@-4", "core.0.busy@-3", "core.0.busy@-2"));
  problem.lags = 5;
  EXPECT_THAT(Labels(problem, trace), ::testing::SizeIs(9));
  EXPECT_EQ(Labels(problem, trace).back(), "core.0.busy");
}

TEST(SelectFeatures, MeasuringEquipmentIsTraffic) {
  Column column = MakeColumn("function.generate.cpu", Role::kCounter, "1",
                             Scope::kFunction, {});
  column.scope_id = "generate";
  EXPECT_TRUE(IsTrafficCounter(column));
  column.scope_id = "inspect";
  EXPECT_FALSE(IsTrafficCounter(column));
  column.unit = "B/s";
  EXPECT_TRUE(IsTrafficCounter(column));
}

Trace TraceOfThreeFunctions() {
  Trace trace = SyntheticTrace(3, 1);
  const std::vector<std::vector<double>> busy = {
      {.1, .2, .3}, {.4, .2, NAN}, {.1, .8, .3}};
  for (const char* const metric : {"busy", "misses"}) {
    for (size_t k = 0; k < busy.size(); ++k) {
      const std::string id(1, static_cast<char>('a' + k));
      trace.columns.push_back(MakeColumn("function." + id + "." + metric,
                                         Role::kCounter, "1", Scope::kFunction,
                                         busy[k]));
      trace.columns.back().scope_id = id;
    }
  }
  trace.columns.back().unit = "1/s";  // misses of c: another quantity
  return trace;
}

TEST(SelectFeatures, AggregatesJoinTheSameCounterOfSeveralFunctions) {
  const Trace trace = TraceOfThreeFunctions();
  ForecastProblem problem;
  problem.include = ParseFeaturePatterns({"counter/function:*"});
  problem.exclude = ParseFeaturePatterns({"function.a.misses"});
  problem.lags = 1;
  problem.aggregates = true;
  const std::vector<std::string> labels = Labels(problem, trace);
  // misses: a is excluded and c has another unit, so b is alone.
  EXPECT_THAT(
      std::vector<std::string>(labels.begin() + 10, labels.end()),
      ElementsAre("minimum of function.*.busy@-1",
                  "maximum of function.*.busy@-1", "mean of function.*.busy@-1",
                  "spread of function.*.busy@-1", "minimum of function.*.busy",
                  "maximum of function.*.busy", "mean of function.*.busy",
                  "spread of function.*.busy"));
}

TEST(FeatureValues, OfAggregates) {
  const Trace trace = TraceOfThreeFunctions();
  Feature feature{"function.*.busy",
                  0,
                  "1",
                  Aggregate::kMinimum,
                  {"function.a.busy", "function.b.busy", "function.c.busy"}};
  std::vector<double> values = FeatureValues(trace, feature);
  EXPECT_EQ(values[0], .1);
  EXPECT_TRUE(std::isnan(values[2]));
  feature.aggregate = Aggregate::kMaximum;
  EXPECT_EQ(FeatureValues(trace, feature)[1], .8);
  feature.aggregate = Aggregate::kMean;
  EXPECT_NEAR(FeatureValues(trace, feature)[0], .2, 1e-15);
  feature.aggregate = Aggregate::kSpread;
  EXPECT_NEAR(FeatureValues(trace, feature)[0], std::sqrt(.02), 1e-15);
  feature.unit = "s";
  EXPECT_THAT(ErrorOf([&] { FeatureValues(trace, feature); }),
              HasSubstr("column function.a.busy is in '1', the model needs "
                        "'s'"));
}

TEST(SelectFeatures, CanExpressAFeatureFromTheFuture) {
  const Trace trace = SyntheticTrace(100, 1);
  ForecastProblem problem;
  problem.include = ParseFeaturePatterns({"core.0.busy", "delivered_rate@+1"});
  EXPECT_THAT(Labels(problem, trace),
              ElementsAre("delivered_rate@+1", "core.0.busy"));
}

TEST(SelectFeatures, RefusesWhatCannotBe) {
  const Trace trace = SyntheticTrace(100, 1);
  ForecastProblem problem;
  problem.target = "deliverd_rate";
  EXPECT_THAT(ErrorOf([&] { SelectFeatures(problem, trace); }),
              HasSubstr("deliverd_rate"));
  problem.target = "delivered_rate";
  problem.horizon = -1;
  EXPECT_THAT(ErrorOf([&] { SelectFeatures(problem, trace); }),
              HasSubstr("horizon -1"));
  problem.horizon = 0;
  problem.include = ParseFeaturePatterns({"core.7.busy"});
  EXPECT_THAT(ErrorOf([&] { SelectFeatures(problem, trace); }),
              HasSubstr("core.7.busy"));
  problem.include = ParseFeaturePatterns({"kpi:*"});
  EXPECT_THAT(ErrorOf([&] { SelectFeatures(problem, trace); }),
              HasSubstr("no feature is left"));
}

}  // namespace
}  // namespace airlock
