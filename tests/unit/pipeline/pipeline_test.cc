#include "twin/pipeline/pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/support/error_of.h"
#include "tests/support/synthetic_trace.h"
#include "tests/support/temporary_folder.h"
#include "twin/pipeline/ablation.h"
#include "twin/pipeline/pipeline_report.h"

namespace airlock {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::TemporaryFolder;

constexpr int64_t kSamples = 400;

// A made-up chain of three functions under a wandering load: each is busy in
// proportion to what it passes on, and the second saturates. The rows of the
// counters come `lag` samples later than those of the KPIs.
Trace ChainTrace(int64_t samples, uint64_t seed, int64_t lag = 0) {
  RngStream rng = RngTree(seed).Stream("test/chain", Replication(0));
  const int64_t room = 5;
  std::vector<double> out;
  double load = 0.5;
  for (int64_t t = 0; t < samples + 2 * room; ++t) {
    load = 0.8 * load + 0.2 * rng.Uniform(0.0, 1.3);
    out.push_back(std::min(load, 0.85));
  }
  Trace trace;
  trace.source = "made-up chain";
  std::vector<double> delivered, latency;
  for (int64_t t = 0; t < samples; ++t) {
    const double now = out[static_cast<size_t>(t + room)];
    trace.time_seconds.push_back(static_cast<double>(t));
    delivered.push_back(1e8 * now + rng.Normal(0, 2e5));
    latency.push_back(1e-4 / (1 - now) + rng.Normal(0, 1e-6));
  }
  trace.columns = {
      MakeColumn("delivered_rate", Role::kKpi, "bit/s", Scope::kSystem,
                 delivered),
      MakeColumn("latency_mean", Role::kKpi, "s", Scope::kSystem, latency)};
  const auto add = [&](const std::string& id, const std::string& counter,
                       double slope, double noise) {
    std::vector<double> values;
    for (int64_t t = 0; t < samples; ++t) {
      values.push_back(0.1 + slope * out[static_cast<size_t>(t + room - lag)] +
                       rng.Normal(0, noise));
    }
    trace.columns.push_back(MakeColumn("function." + id + "." + counter,
                                       Role::kCounter, "1", Scope::kFunction,
                                       std::move(values)));
    trace.columns.back().scope_id = id;
  };
  for (const std::string id : {"a", "b", "c"}) {
    add(id, "busy", 0.6, 0.02);
    add(id, "misses", 0.3, 0.03);
    add(id, "noise", 0, 1);
  }
  trace.Validate();
  return trace;
}

Column& ColumnOf(Trace* trace, const std::string& name) {
  return const_cast<Column&>(trace->Get(name));
}

// All stages, as small as they get.
PipelineFile Small() {
  PipelineFile file;
  file.name = "small";
  file.models = {"ridge", "xgboost"};
  file.parameters["xgboost"] = {{"rounds", 15}, {"depth", 2}, {"eta", 0.3}};
  file.preparation.clock_offset = 2;
  file.selection.method = "pearson";
  file.selection.keep = {4, 0};
  file.selection.resamples = 3;
  file.validation.folds = 3;
  file.tuning.evaluations = 3;
  file.tuning.models = 1;
  return file;
}

// Ridge on every feature, and nothing else.
PipelineFile Bare() {
  PipelineFile file = Small();
  file.models = {"ridge"};
  file.preparation.clock_offset = 0;
  file.selection.method = "none";
  file.tuning.evaluations = 0;
  file.intervals.method = "none";
  return file;
}

PipelineResult RunOn(const PipelineFile& file, const Trace& trace) {
  return RunPipeline(file, trace, nullptr);
}

// The model file without what states the seed and what is hashed from it.
nlohmann::json WithoutConfiguration(const ForecastModel& model) {
  nlohmann::json body = nlohmann::json::parse(model.ToText()).at("body");
  body.erase("configuration");
  body.erase("configuration_digest");
  return body;
}

std::vector<std::string> Labels(const ForecastModel& model) {
  std::vector<std::string> labels;
  for (const FeatureFacts& facts : model.features()) {
    labels.push_back(facts.feature.Label());
  }
  return labels;
}

std::set<std::string> Tried(const Choice& choice) {
  std::set<std::string> trainers;
  for (const TriedCandidate& each : choice.tried) {
    trainers.insert(each.candidate.trainer);
  }
  return trainers;
}

std::string Dropped(const PipelineResult& result, const std::string& column) {
  for (const DroppedColumn& each : result.model.record().dropped) {
    if (each.column == column) return each.reason;
  }
  return "";
}

double HeldOutRmse(const PipelineResult& result, const Trace& trace) {
  return Score(result.model.Predict(trace, result.record.split.test_begin + 5,
                                    trace.samples() - 5))
      .rmse;
}

TEST(Pipeline, SameFileSeedAndTraceGiveTheSameModelAndReport) {
  const Trace trace = ChainTrace(kSamples, 1);
  const PipelineResult first = RunOn(Small(), trace);
  const PipelineResult second = RunOn(Small(), trace);
  EXPECT_EQ(first.model.ToText(), second.model.ToText());
  EXPECT_EQ(ReportOf(Small(), first, trace).ToJson(),
            ReportOf(Small(), second, trace).ToJson());
}

TEST(Pipeline, AnotherSeedChangesOnlyWhatIsDrawn) {
  const Trace trace = ChainTrace(kSamples, 1);
  PipelineFile file = Bare();
  const ForecastModel ridge = RunOn(file, trace).model;
  file.seed = 2;
  const ForecastModel other = RunOn(file, trace).model;
  EXPECT_NE(ridge.ToText(), other.ToText());
  EXPECT_EQ(WithoutConfiguration(ridge), WithoutConfiguration(other));

  file.models = {"xgboost"};
  file.parameters["xgboost"]["subsample"] = 0.5;
  const ForecastModel drawn = RunOn(file, trace).model;
  file.seed = 1;
  EXPECT_NE(WithoutConfiguration(drawn),
            WithoutConfiguration(RunOn(file, trace).model));
}

TEST(Pipeline, PredictsTheSameBitsAfterSaveAndLoad) {
  const Trace trace = ChainTrace(kSamples, 2, 1);
  for (const char* intervals : {"none", "split", "quantile", "adaptive"}) {
    PipelineFile file = Small();
    file.models = {"xgboost"};
    file.tuning.evaluations = 0;
    file.intervals.method = intervals;
    const ForecastModel model = RunOn(file, trace).model;
    const TemporaryFolder folder;
    model.Save(folder / "a.model");
    const ForecastModel loaded = ForecastModel::Load(folder / "a.model");
    EXPECT_EQ(model.Predict(trace).value, loaded.Predict(trace).value);
    EXPECT_EQ(model.ToText(), loaded.ToText());
    EXPECT_EQ(loaded.quantile_intervals().has_value(),
              std::string(intervals) == "quantile");
    EXPECT_EQ(loaded.intervals().has_value(),
              std::string(intervals) == "split" ||
                  std::string(intervals) == "adaptive");
  }
}

TEST(Stages, AllOnLeaveTheirTraces) {
  const Trace trace = ChainTrace(kSamples, 3);
  const PipelineResult result = RunOn(Small(), trace);
  const PipelineRecord& record = result.record;
  EXPECT_TRUE(record.clock_offset.has_value());
  EXPECT_EQ(record.trace_digest, trace.Digest());
  EXPECT_THAT(record.ranking, Not(IsEmpty()));
  EXPECT_THAT(Tried(record.choice), ElementsAre("ridge", "xgboost"));
  ASSERT_EQ(record.choice.tuning.size(), 1u);
  EXPECT_EQ(record.choice.tuning[0].tried.size(), 3u);
  EXPECT_TRUE(result.model.intervals().has_value());
  EXPECT_TRUE(record.falsifiers.passed()) << record.falsifiers.ToText();
  // The best that was looked at, and no other, is the model.
  EXPECT_EQ(result.model.trainer(), record.choice.best.candidate.trainer);
  for (const TriedCandidate& each : record.choice.tried) {
    EXPECT_LE(record.choice.best.validation.all.rmse, each.validation.all.rmse);
  }
}

TEST(Stages, PreparationOffTakesTheColumnsAsTheyAre) {
  Trace trace = ChainTrace(kSamples, 4, 1);
  trace.columns.push_back(trace.Get("function.a.busy"));
  trace.columns.back().name = "function.a.copy";
  PipelineFile file = Bare();
  file.preparation.clock_offset = 2;
  const PipelineResult with = RunOn(file, trace);
  EXPECT_THAT(Dropped(with, "function.a.copy"), HasSubstr("function.a.busy"));
  EXPECT_THAT(Labels(with.model),
              Contains(HasSubstr("minimum of function.*.busy")));
  EXPECT_THAT(Labels(with.model), Contains("function.a.busy@+1"));
  file.preparation.enabled = false;
  const PipelineResult without = RunOn(file, trace);
  EXPECT_FALSE(without.record.clock_offset.has_value());
  EXPECT_THAT(
      Labels(without.model),
      ElementsAre("function.a.busy", "function.a.misses", "function.a.noise",
                  "function.b.busy", "function.b.misses", "function.b.noise",
                  "function.c.busy", "function.c.misses", "function.c.noise",
                  "function.a.copy"));
  EXPECT_LT(HeldOutRmse(with, trace), 0.8 * HeldOutRmse(without, trace));
}

TEST(Stages, SelectionKeepsTheBestOrIsOff) {
  const Trace trace = ChainTrace(kSamples, 5);
  PipelineFile file = Bare();
  file.selection.method = "pearson";
  file.selection.keep = {4};
  const PipelineResult four = RunOn(file, trace);
  EXPECT_EQ(four.model.features().size(), 4u);
  EXPECT_EQ(four.record.stability_count, 4);
  ASSERT_TRUE(four.record.stability.has_value());
  EXPECT_THAT(Labels(four.model), Not(Contains(HasSubstr("noise"))));
  for (const std::string& label : Labels(four.model)) {
    const auto begin = four.record.ranking.begin();
    EXPECT_THAT(std::vector<std::string>(begin, begin + 4), Contains(label));
  }
  file.selection.method = "none";
  const PipelineResult all = RunOn(file, trace);
  EXPECT_THAT(all.record.ranking, IsEmpty());
  EXPECT_FALSE(all.record.stability.has_value());
  EXPECT_THAT(Labels(all.model), Contains("function.c.noise@-1"));
}

TEST(Stages, KeepMayExceedTheFeatures) {
  const Trace trace = ChainTrace(kSamples, 5);
  PipelineFile file = Bare();
  const size_t all = RunOn(file, trace).model.features().size();
  file.selection.method = "pearson";
  file.selection.keep = {5000};
  EXPECT_EQ(RunOn(file, trace).model.features().size(), all);
}

TEST(Stages, OneModelWithoutTuningIsNoChoice) {
  const Trace trace = ChainTrace(kSamples, 6);
  const PipelineResult result = RunOn(Bare(), trace);
  EXPECT_EQ(result.record.choice.tried.size(), 1u);
  EXPECT_THAT(result.record.choice.tuning, IsEmpty());
  EXPECT_EQ(result.record.choice.best.candidate.ToText(), "ridge");
  EXPECT_FALSE(result.model.intervals().has_value());
  EXPECT_FALSE(result.model.quantile_intervals().has_value());
}

TEST(Stages, TuningStartsAtTheFilesParameters) {
  const Trace trace = ChainTrace(kSamples, 6);
  PipelineFile file = Bare();
  file.parameters["ridge"] = {{"penalty", 0.5}};
  file.tuning.evaluations = 4;
  for (const char* search : {"bayesian", "random"}) {
    file.tuning.search = search;
    int64_t calls = 0;
    std::vector<std::string> stages;
    const PipelineResult result =
        RunPipeline(file, trace, [&](const std::string& stage) {
          stages.push_back(stage);
          return [&](int64_t done, int64_t total) {
            ++calls;
            EXPECT_EQ(stages.back(), "choosing the model");
            EXPECT_LE(done, total);
          };
        });
    EXPECT_THAT(stages, ::testing::ElementsAre(
                            "finding the features", "choosing the model",
                            "ranking the features on resamples",
                            "fitting the model and trying to falsify it",
                            "calibrating its intervals"));
    ASSERT_EQ(result.record.choice.tuning.size(), 1u);
    const TuningRecord& tuning = result.record.choice.tuning[0];
    EXPECT_EQ(calls, static_cast<int64_t>(tuning.tried.size()));
    EXPECT_GT(tuning.tried.size(), 1u);
    EXPECT_EQ(tuning.tried[0].candidate.parameters, file.parameters["ridge"]);
    for (const TriedCandidate& each : tuning.tried) {
      EXPECT_LE(result.record.choice.best.validation.all.rmse,
                each.validation.all.rmse);
    }
  }
}

// Everything after the training part turns to rubbish.
TEST(Honesty, NothingBeyondTheTrainingPartReachesTheModel) {
  const Trace trace = ChainTrace(kSamples, 7, 1);
  const PipelineResult honest = RunOn(Small(), trace);
  const auto spoilt_from = [&](int64_t begin) {
    Trace spoilt = trace;
    for (size_t c = 0; c < spoilt.columns.size(); ++c) {
      std::vector<double>& values = spoilt.columns[c].values;
      for (size_t t = static_cast<size_t>(begin); t < values.size(); ++t) {
        values[t] = static_cast<double>((7 * t + c) % 11) - 4;
      }
    }
    return spoilt;
  };
  const int64_t end = honest.record.split.train_end;
  EXPECT_EQ(RunOn(Small(), spoilt_from(end)).model.ToText(),
            honest.model.ToText());
  EXPECT_NE(RunOn(Small(), spoilt_from(end - 1)).model.ToText(),
            honest.model.ToText());
}

TEST(Honesty, APlantedLeakIsInTheRecord) {
  const Trace trace = ChainTrace(kSamples, 8);
  PipelineFile file = Bare();
  EXPECT_TRUE(RunOn(file, trace).record.falsifiers.passed());
  file.features.push_back("delivered_rate@+1");
  const PipelineResult result = RunOn(file, trace);
  const FalsifierReport& found = result.record.falsifiers;
  EXPECT_FALSE(found.passed());
  EXPECT_TRUE(found.future.leaks);
  EXPECT_THAT(found.future.changed_features, Contains("delivered_rate@+1"));
  EXPECT_FALSE(found.fit_sees_beyond);
  const PipelineReport report = ReportOf(file, result, trace);
  EXPECT_THAT(report.ToText(), HasSubstr("delivered_rate@+1"));
  const auto json = nlohmann::json::parse(report.ToJson());
  EXPECT_FALSE(json.at("record").at("falsifiers").at("passed").get<bool>());
}

TEST(Honesty, AModelThatKnowsNothingSaysSo) {
  Trace trace = ChainTrace(kSamples, 9);
  RngStream rng = RngTree(9).Stream("test/unrelated", Replication(0));
  double walk = 0;
  for (double& value : ColumnOf(&trace, "delivered_rate").values) {
    value = 1e6 * (walk += rng.Normal(0, 1));
  }
  const PipelineFile file = Bare();
  const PipelineReport report = ReportOf(file, RunOn(file, trace), trace);
  EXPECT_THAT(
      report.scores.remarks,
      Contains(HasSubstr("pipeline (counters) does not beat persistence for "
                         "delivered_rate at horizon 0")));
  EXPECT_THAT(report.ToText(), HasSubstr("does not beat persistence"));
}

// Noise without a past: persistence is easily beaten, the mean is not.
TEST(Honesty, AModelOfNoiseSaysThatItIsNoBetterThanAConstant) {
  Trace trace = ChainTrace(kSamples, 9);
  RngStream rng = RngTree(9).Stream("test/unrelated", Replication(0));
  for (double& value : ColumnOf(&trace, "delivered_rate").values) {
    value = 1e6 * rng.Normal(0, 1);
  }
  const PipelineFile file = Bare();
  const PipelineReport report = ReportOf(file, RunOn(file, trace), trace);
  EXPECT_THAT(report.ToText(),
              HasSubstr("pipeline (counters) does not beat a constant for "
                        "delivered_rate at horizon 0"));
}

TEST(Limits, WhatBreaksThemIsNeverChosen) {
  const Trace trace = ChainTrace(kSamples, 10);
  PipelineFile file = Bare();
  file.models = {"xgboost"};
  file.features = {"function.a.*"};
  file.preparation.lags = 0;
  file.validation.folds = 2;
  file.tuning.evaluations = 5;
  const int64_t bytes = RunOn(file, trace).record.choice.tried[0].bytes;
  // The start just fits; searched numbers of rounds are larger by far.
  file.tuning.maximum_bytes = bytes;
  const Choice kept = RunOn(file, trace).record.choice;
  int64_t refused = 0;
  for (const TriedCandidate& each : kept.tuning[0].tried) {
    EXPECT_EQ(each.refused.empty(), each.bytes <= bytes);
    refused += each.refused.empty() ? 0 : 1;
  }
  EXPECT_GT(refused, 0);
  EXPECT_LE(kept.best.bytes, bytes);
  // The other way round: a start that is refused, and a setting that is not.
  file.parameters["xgboost"] = {{"rounds", 600}, {"depth", 4}};
  file.tuning.maximum_bytes = 60000;
  const Choice found = RunOn(file, trace).record.choice;
  EXPECT_THAT(found.tried[0].refused, HasSubstr("B are more than 60000 B"));
  EXPECT_EQ(found.best.refused, "");
  EXPECT_LE(found.best.bytes, 60000);
  EXPECT_LE(found.best.microseconds, file.tuning.maximum_microseconds);
}

TEST(Limits, AModelThatFitsIsChosenBeforeABetterOne) {
  const Trace trace = ChainTrace(kSamples, 10);
  PipelineFile file = Bare();
  file.models = {"constant"};
  const int64_t small = RunOn(file, trace).record.choice.best.bytes;
  file.models = {"constant", "ridge"};
  const Choice free = RunOn(file, trace).record.choice;
  EXPECT_EQ(free.best.candidate.trainer, "ridge");
  ASSERT_LT(small, free.best.bytes);
  file.tuning.maximum_bytes = (small + free.best.bytes) / 2;
  EXPECT_EQ(RunOn(file, trace).record.choice.best.candidate.trainer,
            "constant");
}

TEST(Limits, IfAllAreRefusedTheNumbersAreTold) {
  const Trace trace = ChainTrace(kSamples, 10);
  PipelineFile file = Bare();
  file.tuning.maximum_bytes = 10;
  EXPECT_THAT(ErrorOf([&] { RunOn(file, trace); }),
              ::testing::ContainsRegex("no model may be chosen; ridge: [0-9]+ "
                                       "B are more than 10 B"));
  file = Bare();
  file.tuning.evaluations = 3;
  file.tuning.maximum_microseconds = 1e-6;
  EXPECT_THAT(ErrorOf([&] { RunOn(file, trace); }),
              HasSubstr("us are more than 1e-06 us"));
}

TEST(WrongInput, FewRowsGetFewerFolds) {
  const Trace trace = ChainTrace(kSamples, 11);
  PipelineFile file = Bare();
  file.validation.folds = 20;
  const auto folds = [&](int64_t samples) {
    const PipelineFeatures found = FindFeatures(file, trace.Slice(0, samples));
    return ValidationBench(
               file, found,
               BuildSamples(trace.Slice(0, samples), found.selection.features,
                            file.target, 0))
        .folds();
  };
  EXPECT_GT(folds(kSamples), folds(120));
  EXPECT_GE(folds(120), 2);
  EXPECT_EQ(folds(60), 1);
  EXPECT_EQ(RunOn(file, trace.Slice(0, 110)).record.split.train_end, 66);
  EXPECT_THAT(ErrorOf([&] { folds(30); }), HasSubstr("too few samples"));
  EXPECT_THAT(ErrorOf([&] { RunOn(file, trace.Slice(0, 30)); }),
              HasSubstr("30 samples are too few"));
}

TEST(WrongInput, WhatWandersOffIsDropped) {
  Trace trace = ChainTrace(kSamples, 12);
  std::vector<double> total;
  for (int64_t t = 0; t < kSamples; ++t) {
    total.push_back(static_cast<double>(t));
  }
  trace.columns.push_back(
      MakeColumn("system.uptime", Role::kCounter, "s", Scope::kSystem, total));
  PipelineFile file = Bare();
  file.preparation.lags = 0;
  const PipelineResult result = RunOn(file, trace);
  EXPECT_THAT(Labels(result.model), Not(Contains("system.uptime")));
  EXPECT_NE(Dropped(result, "system.uptime"), "");
  file.preparation.maximum_drift = Ratio(1);
  EXPECT_THAT(Labels(RunOn(file, trace).model), Contains("system.uptime"));
}

TEST(WrongInput, ATargetThatDoesNotVaryIsRefused) {
  Trace trace = ChainTrace(kSamples, 13);
  ColumnOf(&trace, "delivered_rate").values.assign(kSamples, 5e7);
  EXPECT_THAT(ErrorOf([&] { RunOn(Small(), trace); }),
              HasSubstr("the target delivered_rate is constant (50000000"));
}

// An experiment that starts with a spell at rest can be learnt from.
TEST(WrongInput, ATargetThatVariesLateIsLearnt) {
  Trace trace = ChainTrace(kSamples, 13);
  std::vector<double>& target = ColumnOf(&trace, "delivered_rate").values;
  std::fill(target.begin(), target.begin() + 90, 5e7);
  const PipelineResult result = RunOn(Small(), trace);
  EXPECT_GT(result.record.choice.best.validation.all.samples, 0);
}

TEST(WrongInput, AColumnThatIsNotThereIsNamed) {
  const Trace trace = ChainTrace(kSamples, 14);
  PipelineFile file = Bare();
  file.features = {"counter:*", "function.z.busy"};
  EXPECT_THAT(ErrorOf([&] { RunOn(file, trace); }),
              HasSubstr("function.z.busy"));
  file = Bare();
  file.target = "throughput";
  EXPECT_THAT(ErrorOf([&] { RunOn(file, trace); }), HasSubstr("throughput"));
  file = Bare();
  file.preparation.timeouts = {{"latency_p42", 1}};
  EXPECT_THAT(ErrorOf([&] { RunOn(file, trace); }), HasSubstr("latency_p42"));
}

TEST(WrongInput, TimeOutsAreNotMeasurements) {
  Trace trace = ChainTrace(kSamples, 15);
  std::vector<double>& latency = ColumnOf(&trace, "latency_mean").values;
  int64_t lost = 0;
  for (size_t t = 3; t < latency.size(); t += 7) {
    latency[t] = 0.015;
    lost += t < 240;
  }
  PipelineFile file = Bare();
  file.target = "latency_mean";
  file.preparation.lags = 0;
  const PipelineResult naive = RunOn(file, trace);
  EXPECT_EQ(naive.model.record().rows_without_target, 0);
  file.preparation.timeouts = {{"latency_mean", 0.015}};
  const PipelineResult told = RunOn(file, trace);
  EXPECT_EQ(told.record.split.train_end, 240);
  EXPECT_EQ(told.model.record().rows_without_target, lost);
  EXPECT_LT(told.record.choice.best.validation.all.rmse,
            0.1 * naive.record.choice.best.validation.all.rmse);
}

TEST(ClockOffsetOfAPipeline, IsFoundAndUsed) {
  PipelineFile file = Bare();
  file.preparation.lags = 0;
  file.preparation.aggregates = false;
  for (const int64_t lag : {-1, 0, 1}) {
    const Trace trace = ChainTrace(kSamples, 16, lag);
    file.preparation.clock_offset = 3;
    const PipelineResult found = RunOn(file, trace);
    ASSERT_TRUE(found.record.clock_offset.has_value());
    EXPECT_EQ(found.record.clock_offset->samples, lag);
    EXPECT_EQ(found.model.problem().clock_offset, lag);
    for (const FeatureFacts& facts : found.model.features()) {
      EXPECT_EQ(facts.feature.shift, lag);
    }
    EXPECT_TRUE(found.record.falsifiers.passed());
    if (lag == 0) continue;
    file.preparation.clock_offset = 0;
    EXPECT_LT(HeldOutRmse(found, trace),
              0.7 * HeldOutRmse(RunOn(file, trace), trace));
  }
}

AblationTable OnlyTable(const Ablation& ablation) {
  EXPECT_EQ(ablation.tables.size(), 1u);
  return ablation.tables.at(0);
}

TEST(AblationOfAPipeline, ScoresEveryStageOnTheSameSamples) {
  const Trace trace = SyntheticTrace(kSamples, 17);
  PipelineFile file = Small();
  file.tuning.evaluations = 2;
  AblationOptions options;
  const Ablation ablation = RunAblation(file, trace, options, nullptr);
  ASSERT_EQ(ablation.tables.size(), 4u);
  std::set<std::pair<bool, bool>> tables;
  for (const AblationTable& table : ablation.tables) {
    tables.insert({table.random, table.offered_rate});
    std::vector<std::string> steps;
    for (const AblationRow& row : table.rows) {
      steps.push_back(row.step);
      EXPECT_EQ(row.scores.samples, table.test_samples) << row.step;
    }
    EXPECT_THAT(steps,
                ElementsAre("constant", "persistence", "raw, least squares",
                            "raw, default xgboost", "+ preparation",
                            "+ selection", "+ model", "+ tuning"));
    // The offered rate is a feature in the tables that say so.
    EXPECT_EQ(table.rows[2].features, table.offered_rate ? 4 : 3);
    EXPECT_GT(table.training_samples, table.test_samples);
  }
  EXPECT_EQ(tables.size(), 4u);
  const auto json = nlohmann::json::parse(ablation.ToJson());
  EXPECT_EQ(json.at("tables").size(), 4u);
  EXPECT_EQ(json.at("tables")[0].at("rows").size(), 8u);
  EXPECT_THAT(ablation.ToText(), HasSubstr("70/30 at random"));
}

TEST(AblationOfAPipeline, TablesThatAreNotWantedAreNotMade) {
  const Trace trace = SyntheticTrace(kSamples, 18);
  AblationOptions options;
  options.random = false;
  options.offered_rate = {false};
  const AblationTable table =
      OnlyTable(RunAblation(Bare(), trace, options, nullptr));
  EXPECT_FALSE(table.random);
  // Without a tuned model there is no row before tuning.
  EXPECT_EQ(table.rows.size(), 7u);
  // The file's split: 60 % in front of a gap of ten.
  EXPECT_LE(table.training_samples, 240);
  EXPECT_LE(table.test_samples, 150);
  EXPECT_GE(table.test_samples, 140);
}

}  // namespace
}  // namespace airlock
