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
