#include "twin/drift/explanation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/base/rng.h"
#include "tests/support/synthetic_trace.h"
#include "twin/drift/model_monitor.h"
#include "twin/drift/watch.h"
#include "twin/pipeline/fit.h"

namespace airlock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

RngStream Draws(uint64_t seed) {
  return RngTree(seed).Stream("test/explanation", Replication(0));
}

// --- The rules, each with what just fails to meet it ------------------------

DriftCircumstances Inputs() {
  DriftCircumstances known;
  known.inputs = 1;
  return known;
}

TEST(Recommend, RetrainsWhenTheModelBroke) {
  DriftCircumstances known = Inputs();
  known.labels = 100;
  known.error_grew = true;
  EXPECT_EQ(Recommend(known).advice, Advice::kRetrain);
  EXPECT_EQ(Recommend(known).reason, "the model's errors grew");
  known.error_grew = false;
  known.misses_grew = true;
  EXPECT_EQ(Recommend(known).advice, Advice::kRetrain);
}

TEST(Recommend, RollsBackOnlyWhatAPromotionBroke) {
  DriftCircumstances known = Inputs();
  known.labels = 100;
  known.error_grew = true;
  known.since_promotion = 40;
  known.previous_error_ratio = 0.5;
  EXPECT_EQ(Recommend(known).advice, Advice::kRollBack);
  EXPECT_THAT(Recommend(known).reason, HasSubstr("40 samples after"));
  EXPECT_THAT(Recommend(known).reason, HasSubstr("50 % of this one's"));

  DriftCircumstances other = known;
  other.previous_error_ratio = 0.95;  // no clear winner
  EXPECT_EQ(Recommend(other).advice, Advice::kRetrain);
  other = known;
  other.since_promotion = kPromotionSamples + 1;
  EXPECT_EQ(Recommend(other).advice, Advice::kRetrain);
  other = known;
  other.since_promotion = -1;  // it broke before
  EXPECT_EQ(Recommend(other).advice, Advice::kRetrain);
  other = known;
  other.labels = kFewestLabels - 1;
  EXPECT_EQ(Recommend(other).advice, Advice::kRetrain);
  other = known;
  other.previous_error_ratio = kNone;
  EXPECT_EQ(Recommend(other).advice, Advice::kRetrain);
}

TEST(Recommend, HoldsWhileTheProbeIsRepaired) {
  DriftCircumstances known;
  known.missing = 2;
  EXPECT_EQ(Recommend(known).advice, Advice::kHold);
  EXPECT_THAT(Recommend(known).reason, HasSubstr("went missing"));
  known.inputs = 1;
  EXPECT_EQ(Recommend(known).advice, Advice::kShadow);
}

TEST(Recommend, HoldsOrShadowsWhileLabelsAgree) {
  DriftCircumstances known = Inputs();
  known.labels = kFewestLabels;
  EXPECT_EQ(Recommend(known).advice, Advice::kHold);
  known.outside_share = 0.06;
  EXPECT_EQ(Recommend(known).advice, Advice::kShadow);
  EXPECT_THAT(Recommend(known).reason, HasSubstr("6 %"));
  known.improved = true;
  EXPECT_EQ(Recommend(known).advice, Advice::kHold);
}

TEST(Recommend, WithoutLabelsItDependsOnWhatMoved) {
  DriftCircumstances known = Inputs();
  EXPECT_EQ(Recommend(known).advice, Advice::kShadow);
  EXPECT_THAT(Recommend(known).reason, HasSubstr("only inputs moved"));
  known.labels = kFewestLabels - 1;
  EXPECT_EQ(Recommend(known).advice, Advice::kShadow);
  EXPECT_THAT(Recommend(known).reason, HasSubstr("29 labels"));
  known.response = 1;
  EXPECT_EQ(Recommend(known).advice, Advice::kRetrain);
}

// --- Since when -------------------------------------------------------------

TEST(LikeliestChange, OfTheMeanAndOfTheSpread) {
  int mean_close = 0;
  int spread_close = 0;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    RngStream rng = Draws(seed);
    std::vector<double> shifted, widened;
    for (int i = 0; i < 200; ++i) {
      const double z = rng.Normal(0, 1);
      shifted.push_back(i < 150 ? z : z + 2);
      widened.push_back(i < 150 ? z : 3 * z);
    }
    mean_close += std::abs(SamplesSinceLikeliestChange(shifted) - 50) <= 5;
    spread_close += std::abs(SamplesSinceLikeliestChange(widened) - 50) <= 10;
  }
  // For a shift of two deviations the estimate is exact in about 62 % of
  // streams and within five samples in about 99 % (Hinkley 1970, table 2).
  EXPECT_GE(mean_close, 90);
  EXPECT_GE(spread_close, 85);
}

TEST(LikeliestChange, CountsMissingValues) {
  std::vector<double> scores(50, 0.0);
  for (int i = 0; i < 50; ++i) scores[static_cast<size_t>(i)] = i % 2 ? 1 : -1;
  scores.insert(scores.end(), {3.0, kNone, 3.2, kNone, 2.9});
  EXPECT_EQ(SamplesSinceLikeliestChange(scores), 5);
  EXPECT_EQ(SamplesSinceLikeliestChange({kNone, 1.0}), 2);
}

TEST(LevelOf, IsRobustAndTakesMissingValues) {
  const Level level = LevelOf({1, 2, 3, 4, kNone, 1000});
  EXPECT_EQ(level.values, 5);
  EXPECT_EQ(level.median, 3);
  EXPECT_EQ(level.mean, 202);
  EXPECT_DOUBLE_EQ(level.spread, 2 / 1.349);
  EXPECT_TRUE(std::isnan(LevelOf({kNone}).median));
}

// --- A whole alarm ----------------------------------------------------------

// Three features; `b` moves up by three deviations at 300, `c` becomes three
// times as wide at 310, `a` stays.
TEST(Explanation, NamesWhatMovedByHowMuchAndSinceWhen) {
  RngStream rng = Draws(7);
  DriftReference reference;
  reference.features = {"a", "b", "c"};
  for (int i = 0; i < 1000; ++i) {
    for (int j = 0; j < 3; ++j) reference.values.push_back(rng.Normal(10, 2));
  }
  DriftOptions options;
  options.ert = 2000;
  options.replications = 40;
  const auto detector = CalibrateDriftDetector(reference, options);
  Explainer explainer(reference, {"s", "1", "packet"}, {false, true, false});
  DriftExplanation found;
  for (int64_t t = 0; t < 400 && found.moved.empty(); ++t) {
    const double row[] = {rng.Normal(10, 2), rng.Normal(t < 300 ? 10 : 16, 2),
                          rng.Normal(10, t < 310 ? 2 : 6)};
    const DriftState state = detector->Update(row);
    explainer.Add(t, 0.5 * static_cast<double>(t), row);
    if (state == DriftState::kDrift) {
      ASSERT_GE(t, 300);
      found = explainer.Explain(*detector, {});
    }
  }
  ASSERT_FALSE(found.moved.empty());
  const MovedFeature& b = found.moved.front();
  EXPECT_EQ(b.name, "b");
  EXPECT_NEAR(static_cast<double>(b.since_sample), 300, 2);
  EXPECT_DOUBLE_EQ(b.since_seconds, 0.5 * static_cast<double>(b.since_sample));
  EXPECT_NEAR(b.shift, 3, 1);
  EXPECT_NEAR(b.before.median, 10, 0.3);
  EXPECT_EQ(found.moved_first, "b");
  EXPECT_EQ(found.since_sample, b.since_sample);
  int64_t reference_count = 0;
  for (const int64_t count : b.histogram.reference) reference_count += count;
  EXPECT_EQ(reference_count, 1000);
  int64_t current = 0;
  for (const int64_t count : b.histogram.current) current += count;
  EXPECT_EQ(current, b.samples);
  EXPECT_EQ(b.histogram.reference.size(), b.histogram.edges.size() + 1);
  EXPECT_EQ(found.recommendation.advice, Advice::kRetrain);  // a response
  EXPECT_THAT(found.ToText(), HasSubstr("b since"));
  const nlohmann::json json = found.ToJson();
  EXPECT_EQ(json.at("moved").at(0).at("feature"), "b");
  EXPECT_EQ(json.at("recommendation"), "retrain");

  // What was remembered is saved bit by bit.
  nlohmann::json saved;
  explainer.Save(&saved);
  Explainer restored;
  restored.Load(nlohmann::json::parse(saved.dump()));
  EXPECT_EQ(restored.Explain(*detector, {}).ToJson(), json);
}

TEST(Explanation, AFeatureThatGoesMissingIsNoReasonToRetrain) {
  RngStream rng = Draws(8);
  DriftReference reference;
  reference.features = {"probe"};
  for (int i = 0; i < 1000; ++i) reference.values.push_back(rng.Normal(0, 1));
  DriftOptions options;
  options.ert = 2000;
  options.replications = 40;
  const auto detector = CalibrateDriftDetector(reference, options);
  Explainer explainer(reference, {"s"}, {true});
  for (int64_t t = 0; t < 200; ++t) {
    const double row[] = {t < 100 ? rng.Normal(0, 1) : kNone};
    const DriftState state = detector->Update(row);
    explainer.Add(t, static_cast<double>(t), row);
    if (state != DriftState::kDrift) continue;
    ASSERT_GE(t, 100);
    const DriftExplanation found = explainer.Explain(*detector, {});
    ASSERT_EQ(found.moved.size(), 1u);
    EXPECT_TRUE(found.moved[0].finding.missing);
    EXPECT_EQ(found.recommendation.advice, Advice::kHold);
    EXPECT_THAT(found.ToText(), HasSubstr("probe went missing"));
    return;
  }
  FAIL() << "no alarm";
}

// --- A model's errors -------------------------------------------------------

ForecastModel LinearModel(const Trace& trace, int64_t samples) {
  ForecastProblem problem;
  problem.target = "delivered_rate";
  problem.include = ParseFeaturePatterns({"core.0.busy"});
  FitOptions fit;
  fit.forecaster = "linear";
  const ForecastModel model = FitModel(problem, trace, samples, fit);
  const Predictions p = model.Predict(trace, samples, trace.samples());
  return model.WithIntervals(
      AdaptiveIntervals({}, PointCalibration(p.value, p.observed)));
}

ModelMonitorOptions Quick() {
  ModelMonitorOptions options;
  options.drift.ert = 2000;
  options.drift.replications = 40;
  return options;
}

// Feeds `trace`, whose target is moved by `shift` from `change` on; returns the
// first alarm's explanation.
DriftExplanation FirstAlarm(ModelMonitor* monitor, const ForecastModel& model,
                            const Trace& trace, int64_t change, double shift,
                            double previous_error, double promoted_seconds) {
  const Predictions p = model.Predict(trace);
  for (size_t i = 0; i < p.value.size(); ++i) {
    const bool after = p.origin[i] >= change;
    const double observed = p.observed[i] + (after ? shift : 0);
    const DriftState state = monitor->Update(
        model, {p.origin[i], 0.5 * static_cast<double>(p.origin[i]), p.value[i],
                observed, observed + previous_error});
    if (state == DriftState::kDrift) {
      EXPECT_GE(p.origin[i], change) << "false alarm";
      return monitor->Explain(promoted_seconds);
    }
  }
  return {};
}

TEST(ModelMonitor, AModelThatBreaksIsRetrainedOrRolledBack) {
  const Trace trace = SyntheticTrace(1200, 40);
  const ForecastModel model = LinearModel(trace, 400);
  const Trace stream = SyntheticTrace(400, 41);
  for (const bool previous_was_better : {false, true}) {
    ModelMonitor monitor =
        ModelMonitor::Calibrate(model, trace, 400, 1200, Quick());
    const DriftExplanation found = FirstAlarm(
        &monitor, model, stream, 200, 4e6, previous_was_better ? 1e5 : 1e8, 90);
    ASSERT_FALSE(found.moved.empty());
    EXPECT_TRUE(found.circumstances.error_grew ||
                found.circumstances.misses_grew);
    EXPECT_NEAR(static_cast<double>(found.since_sample), 200, 25);
    // 10 s after the promotion, two samples a second.
    EXPECT_NEAR(found.circumstances.since_promotion,
                static_cast<double>(found.since_sample) - 180, 1e-6);
    const bool enough = found.circumstances.labels >= kFewestLabels;
    EXPECT_EQ(found.recommendation.advice, previous_was_better && enough
                                               ? Advice::kRollBack
                                               : Advice::kRetrain)
        << found.ToText();
  }
}

// The model with pairs of its own forecaster as quantiles: what is calibrated
// are the errors alone.
ForecastModel WithPairs(const ForecastModel& model, const Trace& trace) {
  const std::shared_ptr<const Forecaster> line(&model.forecaster(),
                                               [](const Forecaster*) {});
  const Predictions p = model.Predict(trace, 400, 1200);
  return model.WithQuantileIntervals(
      QuantileIntervals({{0.8, line, line}, {0.9, line, line}},
                        {2, PointCalibration(p.value, p.observed)}));
}

TEST(ModelMonitor, CountsTheMissesOfQuantilePairs) {
  const Trace trace = SyntheticTrace(1200, 44);
  const ForecastModel line = LinearModel(trace, 400);
  const ForecastModel model = WithPairs(line, trace);
  ModelMonitor monitor =
      ModelMonitor::Calibrate(model, trace, 400, 1200, Quick());
  ASSERT_EQ(monitor.detector().features(), 2);
  EXPECT_EQ(monitor.detector().feature_names()[1],
            "misses of the 90 % interval of delivered_rate");
  const Predictions p = model.Predict(SyntheticTrace(400, 45));
  bool alarm = false;
  for (size_t i = 0; i < p.value.size() && !alarm; ++i) {
    // Four times the errors from sample 200 on: most labels are missed.
    const double grown = p.origin[i] >= 200 ? 4 : 1;
    const double observed = p.value[i] + grown * (p.observed[i] - p.value[i]);
    alarm = monitor.Update(model, {p.origin[i], 0.5 * static_cast<double>(i),
                                   p.value[i], observed, kNone,
                                   p.quantiles.at(i)}) == DriftState::kDrift;
    EXPECT_TRUE(!alarm || p.origin[i] >= 200) << "false alarm";
  }
  EXPECT_TRUE(alarm);
  const DriftExplanation found = monitor.Explain(90);
  EXPECT_TRUE(found.circumstances.error_grew ||
              found.circumstances.misses_grew);
}

TEST(ModelMonitor, GoesOnBitIdenticallyAndKnowsItsModel) {
  const Trace trace = SyntheticTrace(1200, 42);
  const ForecastModel model = LinearModel(trace, 400);
  ModelMonitor monitor =
      ModelMonitor::Calibrate(model, trace, 400, 1200, Quick());
  const Predictions p = model.Predict(trace, 400, 800);
  for (size_t i = 0; i < 200; ++i) {
    monitor.Update(model, {p.origin[i], 0, p.value[i], p.observed[i], kNone});
  }
  ModelMonitor restored =
      ModelMonitor::Load(nlohmann::json::parse(monitor.Save().dump()));
  EXPECT_EQ(restored.labels(), 200);
  for (size_t i = 200; i < 400; ++i) {
    for (ModelMonitor* each : {&monitor, &restored}) {
      each->Update(model, {p.origin[i], 0, p.value[i], p.observed[i], kNone});
    }
  }
  EXPECT_EQ(restored.Save().dump(), monitor.Save().dump());
  // A missing label changes nothing.
  const std::string before = monitor.Save().dump();
  monitor.Update(model, {2000, 0, 1, kNone, kNone});
  EXPECT_EQ(monitor.Save().dump(), before);
  EXPECT_THROW(monitor.CheckModel(LinearModel(trace, 390)), InputError);
  EXPECT_THROW(ModelMonitor::Calibrate(model, trace, 1150, 1200, Quick()),
               InputError);
}

TEST(ModelMonitor, WhatTheModelWasTrainedOnIsLeftOut) {
  const Trace trace = SyntheticTrace(600, 43);
  EXPECT_EQ(FirstUnseen(LinearModel(trace, 400), trace, 0), 400);
  EXPECT_EQ(FirstUnseen(LinearModel(trace.Slice(50, 600), 300), trace, 50),
            350);
  EXPECT_EQ(FirstUnseen(LinearModel(SyntheticTrace(600, 44), 300), trace, 50),
            50);
}

// --- The stream -------------------------------------------------------------

TEST(DriftTrigger, HoweverTheStreamIsCut) {
  const Trace trace = SyntheticTrace(1200, 45);
  MonitorOptions monitor;
  monitor.forecaster = "linear";
  monitor.folds = 3;
  monitor.include = ParseFeaturePatterns({"latency_p99", "core.0.busy"});
  monitor.load = {"offered_rate"};
  DriftOptions options;
  options.ert = 500;
  options.replications = 40;
  const ForecastModel model = LinearModel(trace, 400);
  DriftTrigger whole = CalibrateDriftWithModel(trace.Slice(0, 700), monitor,
                                               options, model, trace, 400);
  Trace stream = SyntheticTrace(500, 46);
  for (size_t t = 200; t < 500; ++t) {
    stream.columns[2].values[t] *= 1.2;
    stream.columns[1].values[t] *= 0.9;
  }
  stream.columns[0].values[120] = kNone;
  for (size_t t = 300; t < 500; ++t) stream.time_seconds[t] += 20;  // a hole
  WatchedModels models;
  models.champion = std::make_shared<const ForecastModel>(model);
  DriftTrigger cut = CalibrateDriftWithModel(trace.Slice(0, 700), monitor,
                                             options, model, trace, 400);
  whole.Use(models);
  cut.Use(models);
  const DriftWatch at_once = whole.Watch(stream);
  std::vector<nlohmann::json> alarms;
  int64_t samples = 0;
  for (int64_t begin = 0, step = 1; begin < 500; begin += step, step += 3) {
    const DriftWatch part =
        cut.Watch(stream.Slice(begin, std::min<int64_t>(begin + step, 500)));
    samples += part.samples;
    for (const DriftAlarm& alarm : part.alarms) {
      alarms.push_back(alarm.ToJson());
    }
  }
  EXPECT_EQ(samples, at_once.samples);
  ASSERT_GE(alarms.size(), 2u);
  ASSERT_EQ(alarms.size(), at_once.alarms.size());
  bool about_model = false;
  for (size_t i = 0; i < alarms.size(); ++i) {
    EXPECT_EQ(alarms[i], at_once.alarms[i].ToJson());
    about_model = about_model || at_once.alarms[i].about_model;
  }
  EXPECT_TRUE(about_model);
  EXPECT_EQ(cut.samples(), 500);
}

}  // namespace
}  // namespace airlock
