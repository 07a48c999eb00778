#include "twin/pipeline/leak.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/synthetic_trace.h"

namespace airlock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

FitOptions With(const std::string& forecaster) {
  FitOptions options;
  options.forecaster = forecaster;
  return options;
}

LeakReport Check(const std::vector<std::string>& include, int64_t horizon) {
  const Trace trace = SyntheticTrace(300, 20);
  ForecastProblem problem;
  problem.include = ParseFeaturePatterns(include);
  problem.horizon = horizon;
  const ForecastModel model = FitModel(problem, trace, 200, With("linear"));
  const LeakReport of_model = CheckForLeak(model, trace, {});
  const LeakReport of_problem = CheckForLeak(problem, trace, {});
  EXPECT_EQ(of_model.leaks, of_problem.leaks);
  EXPECT_EQ(of_model.changed_features, of_problem.changed_features);
  return of_model;
}

TEST(CheckForLeak, PassesHonestModels) {
  for (const int64_t horizon : {0, 1, 4}) {
    const LeakReport report =
        Check({"counter/core:*", "core.0.busy@-3"}, horizon);
    EXPECT_FALSE(report.leaks) << report.ToText();
    EXPECT_GT(report.predictions_checked, 1000);
    EXPECT_THAT(report.changed_features, IsEmpty());
  }
}

TEST(CheckForLeak, CatchesAFeatureFromTheFuture) {
  const LeakReport report = Check({"counter/core:*", "delivered_rate@+1"}, 1);
  EXPECT_TRUE(report.leaks);
  EXPECT_GT(report.predictions_changed, 0);
  EXPECT_THAT(report.changed_features, ElementsAre("delivered_rate@+1"));
  EXPECT_THAT(report.ToText(), HasSubstr("features: delivered_rate@+1"));
}

TEST(CheckForLeak, CatchesACounterFromTheFuture) {
  EXPECT_THAT(Check({"core.0.misses", "core.0.busy@+2"}, 4).changed_features,
              ElementsAre("core.0.busy@+2"));
}

TEST(CheckForLeak, AtHorizonZeroTheKpisOfTheSampleAreUnknown) {
  EXPECT_THAT(Check({"core.0.busy", "latency_p99"}, 0).changed_features,
              ElementsAre("latency_p99"));
  EXPECT_THAT(Check({"core.0.busy", "latency_p99@-1"}, 0).changed_features,
              IsEmpty());
  EXPECT_THAT(Check({"core.0.busy", "latency_p99"}, 1).changed_features,
              IsEmpty());
}

TEST(CheckForLeak, PersistenceUsesThePastAlone) {
  const Trace trace = SyntheticTrace(300, 21);
  for (const int64_t horizon : {0, 3}) {
    ForecastProblem problem;
    problem.horizon = horizon;
    const ForecastModel model =
        FitModel(problem, trace, 200, With("persistence"));
    EXPECT_FALSE(CheckForLeak(model, trace, {}).leaks);
  }
}

TEST(CheckFitForLeak, TheFitSeesItsTrainingPartAlone) {
  const Trace trace = SyntheticTrace(300, 22);
  for (const char* name : {"linear", "xgboost"}) {
    EXPECT_FALSE(CheckFitForLeak({}, trace, 200, With(name)).leaks) << name;
  }
}

TEST(CheckShuffledTarget, NothingIsLearntFromNothing) {
  const Trace trace = SyntheticTrace(600, 23);
  for (const char* name : {"linear", "xgboost"}) {
    ForecastProblem problem;
    problem.offered_rate = true;
    const ShuffledTargetReport report =
        CheckShuffledTarget(problem, trace, {}, With(name));
    EXPECT_TRUE(report.passed) << report.ToText();
    EXPECT_LT(report.constant.r2, 0.01);
  }
}

TEST(CheckShuffledTarget, CatchesAModelThatNeedsNoTraining) {
  // Persistence does not learn, so a shuffled target leaves it as good as it
  // is: the falsifier must say so.
  const Trace trace = SyntheticTrace(600, 24);
  const ShuffledTargetReport report =
      CheckShuffledTarget({}, trace, {}, With("persistence"));
  EXPECT_FALSE(report.passed);
  EXPECT_THAT(report.ToText(), HasSubstr("learns from a shuffled target"));
}

}  // namespace
}  // namespace airlock
