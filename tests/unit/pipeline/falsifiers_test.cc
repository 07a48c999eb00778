#include "twin/pipeline/falsifiers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/synthetic_trace.h"

namespace airlock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

FitFunction With(const std::string& forecaster) {
  FitOptions options;
  options.forecaster = forecaster;
  return FitWith(options);
}

FalsifierReport Falsify(const ForecastProblem& problem, const Trace& trace,
                        const FitFunction& fit) {
  const int64_t train_end = SplitInTime(trace.samples(), {}).train_end;
  return RunFalsifiers(fit(problem, trace, train_end), problem, trace, {}, fit,
                       {});
}

TEST(RunFalsifiers, HonestFitsPass) {
  const Trace trace = SyntheticTrace(500, 31);
  for (const char* name : {"ridge", "xgboost"}) {
    for (const int64_t horizon : {0, 2}) {
      ForecastProblem problem;
      problem.horizon = horizon;
      problem.past_target = horizon > 0;
      const FalsifierReport report = Falsify(problem, trace, With(name));
      EXPECT_TRUE(report.passed()) << name << "\n" << report.ToText();
      EXPECT_TRUE(report.shuffled_target_tried);
      EXPECT_GT(report.future.predictions_checked, 500);
    }
  }
}

TEST(RunFalsifiers, CatchesAFeatureFromTheFuture) {
  const Trace trace = SyntheticTrace(500, 32);
  ForecastProblem problem;
  problem.horizon = 1;
  problem.include = ParseFeaturePatterns({"counter:*", "delivered_rate@+1"});
  const FalsifierReport report = Falsify(problem, trace, With("ridge"));
  EXPECT_FALSE(report.passed());
  EXPECT_THAT(report.future.changed_features, ElementsAre("delivered_rate@+1"));
  EXPECT_FALSE(report.fit_sees_beyond);
  EXPECT_THAT(report.ToText(), HasSubstr("features: delivered_rate@+1"));
}

// Scales, medians and ranges of the whole trace instead of its training part.
TEST(RunFalsifiers, CatchesAPreparationFittedOnTheWholeTrace) {
  const Trace trace = SyntheticTrace(500, 33);
  const FitFunction peeking = [](const ForecastProblem& problem,
                                 const Trace& given, int64_t) {
    return FitModel(problem, given, given.samples() - 1, FitOptions{});
  };
  const FalsifierReport report = Falsify({}, trace, peeking);
  EXPECT_FALSE(report.passed());
  EXPECT_TRUE(report.fit_sees_beyond);
  EXPECT_FALSE(report.future.leaks);
  EXPECT_THAT(report.ToText(),
              HasSubstr("the fit depends on samples after its training part"));
}

// Learns the test part's labels too, which are not in random order.
TEST(RunFalsifiers, CatchesATrainingOnTheTestLabels) {
  const Trace trace = SyntheticTrace(500, 34);
  const FitFunction peeking = [](const ForecastProblem& problem,
                                 const Trace& given, int64_t) {
    return FitModel(problem, given, given.samples(), FitOptions{});
  };
  const FalsifierReport report = Falsify({}, trace, peeking);
  EXPECT_FALSE(report.shuffled_target.passed) << report.ToText();
  EXPECT_THAT(report.ToText(), HasSubstr("learns from a shuffled target"));
}

TEST(RunFalsifiers, PersistenceIsNotTriedWithAShuffledTarget) {
  const Trace trace = SyntheticTrace(500, 35);
  const FalsifierReport report = Falsify({}, trace, With("persistence"));
  EXPECT_FALSE(report.shuffled_target_tried);
  EXPECT_TRUE(report.passed()) << report.ToText();
}

TEST(FalsifierReport, JsonSaysWhichFailed) {
  FalsifierReport report;
  report.shuffled_target_tried = true;
  report.shuffled_target.passed = true;
  report.fit_sees_beyond = true;
  const auto root = nlohmann::json::parse(report.ToJson());
  EXPECT_FALSE(root.at("passed").get<bool>());
  EXPECT_TRUE(root.at("shuffled_target").at("passed").get<bool>());
  EXPECT_TRUE(root.at("future").at("passed").get<bool>());
  EXPECT_FALSE(root.at("fit").at("passed").get<bool>());
}

}  // namespace
}  // namespace airlock
