#include "twin/forecast/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <set>

#include "sim/base/error.h"
#include "sim/base/file.h"
#include "tests/support/error_of.h"
#include "tests/support/synthetic_trace.h"
#include "tests/support/temporary_folder.h"
#include "twin/forecast/scores.h"
#include "twin/pipeline/fit.h"

namespace airlock {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;

FitOptions With(const std::string& forecaster) {
  FitOptions options;
  options.forecaster = forecaster;
  options.forecaster_options.parameters.clear();
  if (forecaster == "xgboost") {
    options.forecaster_options.parameters["rounds"] = 40;
  }
  if (forecaster == "mlp") {
    options.forecaster_options.parameters = {
        {"width", 8}, {"epochs", 5}, {"members", 2}};
  }
  if (forecaster == "stack") {
    options.forecaster_options.parameters["blocks"] = 2;
  }
  return options;
}

Column& ColumnOf(Trace* trace, const std::string& name) {
  return const_cast<Column&>(trace->Get(name));
}

class EveryForecaster : public ::testing::TestWithParam<const char*> {};

TEST_P(EveryForecaster, PredictsTheSameBitsAfterSaveAndLoad) {
  const Trace trace = SyntheticTrace(400, 2);
  ForecastProblem problem;
  problem.offered_rate = true;
  problem.lags = 2;
  const ForecastModel model = FitModel(problem, trace, 250, With(GetParam()));
  const testing::TemporaryFolder folder;
  const std::string path = folder.path() + "/model.json";
  model.Save(path);
  const ForecastModel loaded = ForecastModel::Load(path);
  const Predictions a = model.Predict(trace);
  const Predictions b = loaded.Predict(trace);
  ASSERT_EQ(a.value.size(), b.value.size());
  ASSERT_GT(a.value.size(), 300u);
  EXPECT_EQ(std::memcmp(a.value.data(), b.value.data(),
                        a.value.size() * sizeof(double)),
            0);
  EXPECT_EQ(a.outside_by_feature, b.outside_by_feature);
  EXPECT_EQ(model.ToText(), loaded.ToText());
  EXPECT_EQ(model.training_samples(), loaded.training_samples());
  EXPECT_EQ(model.training_digest(), loaded.training_digest());
}

TEST_P(EveryForecaster, FitsTheSameTwice) {
  const Trace trace = SyntheticTrace(300, 3);
  const ForecastProblem problem;
  EXPECT_EQ(FitModel(problem, trace, 200, With(GetParam())).ToText(),
            FitModel(problem, trace, 200, With(GetParam())).ToText());
}

INSTANTIATE_TEST_SUITE_P(Table, EveryForecaster,
                         ::testing::Values("constant", "persistence",
                                           "seasonal-naive", "linear", "ridge",
                                           "xgboost", "linear-boost", "mlp",
                                           "stack"));

TEST(Trainers, TableAndUnknownName) {
  std::set<std::string> names;
  for (const TrainerEntry& entry : Trainers()) {
    names.insert(entry.name);
    EXPECT_NE(std::string(entry.description), "");
  }
  EXPECT_EQ(names.size(), Trainers().size());
  EXPECT_THAT(ErrorOf([] { FindTrainer("lstm"); }),
              HasSubstr("no forecaster 'lstm'; known: constant, persistence, "
                        "seasonal-naive, linear, ridge, xgboost"));
  ForecasterOptions options;
  options.parameters["depht"] = 3;
  EXPECT_THAT(ErrorOf([&] { TrainForecaster("xgboost", {}, options); }),
              HasSubstr("unknown parameter 'depht'; known: rounds, depth"));
  options.parameters = {{"depth", 99}};
  EXPECT_THAT(ErrorOf([&] { TrainForecaster("xgboost", {}, options); }),
              HasSubstr("depth = 99 must lie within 1 and 12"));
}

TEST(Forecasters, PersistenceNeedsThePast) {
  const auto persistence = TrainForecaster("persistence", {}, {});
  EXPECT_EQ(persistence->Predict(nullptr, 7), 7);
  EXPECT_THAT(ErrorOf([&] { persistence->Predict(nullptr, std::nan("")); }),
              HasSubstr("the target's past is not available"));

  const Trace trace = SyntheticTrace(100, 4);
  const std::vector<double>& y = trace.Get("delivered_rate").values;
  ForecastProblem problem;
  const Predictions inferred =
      FitModel(problem, trace, 60, With("persistence")).Predict(trace, 60, 61);
  EXPECT_EQ(inferred.value[0], y[59]);
  problem.horizon = 4;
  const ForecastModel ahead = FitModel(problem, trace, 60, With("persistence"));
  const Predictions predicted = ahead.Predict(trace, 60, 61);
  EXPECT_EQ(predicted.value[0], y[60]);
  EXPECT_EQ(predicted.observed[0], y[64]);

  Trace without = trace;
  without.columns.erase(without.columns.begin() + 1);
  EXPECT_THAT(ErrorOf([&] { ahead.Predict(without); }),
              HasSubstr("the past of delivered_rate is not available"));
}

TEST(ForecastModel, BeatsTheConstantOnWhatCanBeLearnt) {
  const Trace trace = SyntheticTrace(800, 5);
  for (const char* name : {"linear", "xgboost"}) {
    const ForecastModel model = FitModel({}, trace, 500, With(name));
    const ForecastScores scores = Score(model.Predict(trace, 520, 800));
    EXPECT_GT(scores.r2, 0.97) << name;
    EXPECT_GT(scores.accuracy_10, 0.95) << name;
  }
}

TEST(ForecastModel, RecordsWhatItDropped) {
  Trace trace = SyntheticTrace(200, 6);
  ColumnOf(&trace, "core.0.noise").values.assign(200, std::nan(""));
  ColumnOf(&trace, "core.0.misses").values[10] = std::nan("");
  Column copy = trace.Get("delivered_rate");
  copy.name = "core.0.copy";
  copy.role = Role::kCounter;
  copy.unit = "1";
  for (double& value : copy.values) value = 7 - value / 3;
  trace.columns.push_back(copy);
  ColumnOf(&trace, "delivered_rate").values[20] = std::nan("");
  Column clock = trace.Get("core.0.flat");
  clock.name = "core.0.since_boot";
  for (size_t t = 0; t < 200; ++t) clock.values[t] = static_cast<double>(t);
  trace.columns.push_back(clock);
  const ForecastModel model = FitModel({}, trace, 150, With("linear"));
  std::string record;
  for (const DroppedColumn& dropped : model.record().dropped) {
    record += dropped.column + ": " + dropped.reason + "\n";
  }
  EXPECT_THAT(record, HasSubstr("core.0.noise: missing in every training"));
  EXPECT_THAT(record, HasSubstr("core.0.flat: constant (3)"));
  EXPECT_THAT(record, HasSubstr("core.0.copy: is the target itself"));
  EXPECT_THAT(record, HasSubstr("core.0.since_boot: wanders off: 100%"));
  EXPECT_EQ(model.record().imputed_values, 1);
  EXPECT_EQ(model.record().rows_without_target, 1);
  EXPECT_EQ(model.record().training_rows, 149);
}

TEST(ForecastModel, RefusesAnotherTraceNamingItsColumns) {
  const Trace trace = SyntheticTrace(200, 7);
  const ForecastModel model = FitModel({}, trace, 150, With("linear"));
  Trace other = trace;
  ColumnOf(&other, "core.0.busy").name = "core.0.load";
  ColumnOf(&other, "core.0.misses").unit = "1/ms";
  const std::string error = ErrorOf([&] { model.Predict(other); });
  EXPECT_THAT(error, HasSubstr("missing columns: core.0.busy"));
  EXPECT_THAT(error, HasSubstr("core.0.misses is in '1/ms' instead of '1/s'"));
  // Another order of columns is no difference.
  Trace reordered = trace;
  std::reverse(reordered.columns.begin(), reordered.columns.end());
  EXPECT_EQ(model.Predict(reordered).value, model.Predict(trace).value);
}

TEST(ForecastModel, CountsSamplesOutsideItsTrainingRange) {
  Trace trace = SyntheticTrace(200, 8);
  const ForecastModel model = FitModel({}, trace, 150, With("linear"));
  ColumnOf(&trace, "core.0.busy").values[170] = 99;
  const Predictions before = model.Predict(SyntheticTrace(200, 8), 170, 171);
  const Predictions after = model.Predict(trace, 170, 171);
  EXPECT_EQ(before.samples_outside, 0);
  EXPECT_EQ(after.samples_outside, 1);
  EXPECT_EQ(after.outside_by_feature[0], 1);
}

TEST(ForecastModel, RefusesWhatTheTraceCannotHold) {
  const Trace trace = SyntheticTrace(200, 8);
  ForecastProblem problem;
  problem.lags = 100000;
  EXPECT_THAT(ErrorOf([&] { FitModel(problem, trace, 150, With("linear")); }),
              HasSubstr("lags 100000 must be less than the 150 samples"));
  problem.lags = 0;
  problem.horizon = 150;
  EXPECT_THAT(ErrorOf([&] { FitModel(problem, trace, 150, With("linear")); }),
              HasSubstr("horizon 150 and lags 0 must be less"));
  problem.horizon = 0;
  problem.include = ParseFeaturePatterns({"nothing*"});
  EXPECT_THAT(ErrorOf([&] { FitModel(problem, trace, 150, With("linear")); }),
              HasSubstr("none has a name that was asked for"));
}

TEST(ForecastModel, RefusesFilesThatAreNotItsOwn) {
  const Trace trace = SyntheticTrace(200, 9);
  const std::string text = FitModel({}, trace, 150, With("linear")).ToText();
  EXPECT_THAT(ErrorOf([] { ForecastModel::FromText("{}", "m.json"); }),
              HasSubstr("m.json: not a forecast model"));
  EXPECT_THAT(
      ErrorOf([&] { ForecastModel::FromText(text.substr(0, 500), "m.json"); }),
      HasSubstr(
          "m.json: not a forecast model: not JSON at line 1, column 501"));
  std::string changed = text;
  changed.replace(changed.find("\"horizon\":0"), 11, "\"horizon\":1");
  EXPECT_THAT(ErrorOf([&] { ForecastModel::FromText(changed, "m.json"); }),
              HasSubstr("m.json: corrupt"));
  std::string newer = text;
  newer.replace(newer.find("\"version\":[2"), 12, "\"version\":[9");
  EXPECT_THAT(ErrorOf([&] { ForecastModel::FromText(newer, "m.json"); }),
              HasSubstr("model of version 9"));
}

TEST(ForecastModel, RefusesAForecasterOfMoreFeaturesThanItHas) {
  ModelParts parts;
  parts.forecaster =
      LoadForecaster("linear", R"({"intercept":0,"weights":[1,2,3]})");
  EXPECT_THAT(ErrorOf([&] { ForecastModel{parts}; }),
              HasSubstr("the forecaster linear reads 3 features, the model "
                        "has 0"));
}

TEST(Forecasters, RefuseWhatTheyHaveNotWritten) {
  EXPECT_THAT(ErrorOf([] { LoadForecaster("lstm", "{}"); }),
              HasSubstr("no forecaster 'lstm'; known: constant, persistence"));
  EXPECT_THAT(ErrorOf([] { LoadForecaster("linear", "{}"); }),
              HasSubstr("forecaster linear: not its parameters: key"));
  EXPECT_THAT(ErrorOf([] { LoadForecaster("seasonal", R"({"season":-3})"); }),
              HasSubstr("a season of -3 samples"));
  const auto trees = [](const std::string& tree) {
    return ErrorOf([&] {
      LoadForecaster("trees", R"({"mean":0,"scale":1,"trees":[)" + tree + "]}");
    });
  };
  EXPECT_THAT(trees(R"({"left":[],"right":[],"feature":[],"threshold":[]})"),
              HasSubstr("a tree is empty"));
  EXPECT_THAT(
      trees(R"({"left":[0],"right":[0],"feature":[0],"threshold":[1]})"),
      HasSubstr("node 0 has children 0 and 0 of 1 nodes"));
  EXPECT_THAT(
      trees(R"({"left":[-1],"right":[],"feature":[0],"threshold":[1]})"),
      HasSubstr("1 left and 0 right children"));
  EXPECT_THAT(ErrorOf([] {
                LoadForecaster(
                    "sum", R"({"intercept":0,"parts":[{"weight":1,)"
                           R"("name":"seasonal","learned":{"season":5}}]})");
              }),
              HasSubstr("its part seasonal has a season"));
}

TEST(ForecastModel, PredictsTheTargetOfTheLastSeason) {
  const Trace trace = SyntheticTrace(300, 14);
  const std::vector<double>& y = trace.Get("delivered_rate").values;
  FitOptions options = With("seasonal-naive");
  options.forecaster_options.parameters["period"] = 7;
  ForecastProblem problem;
  problem.horizon = 3;
  const ForecastModel model = FitModel(problem, trace, 200, options);
  const Predictions predictions = model.Predict(trace, 100, 300);
  ASSERT_EQ(predictions.value.size(), 200u);
  for (size_t i = 0; i < 200; ++i) {
    EXPECT_EQ(predictions.value[i], y[100 + i + 3 - 7]);
    EXPECT_EQ(predictions.last_target[i], y[100 + i]);
  }
}

TEST(ForecastModel, OneSampleTakesMicroseconds) {
  const Trace trace = SyntheticTrace(400, 10);
  const ForecastModel model = FitModel({}, trace, 300, With("xgboost"));
  const double microseconds = MicrosecondsPerSample(model, trace, 5);
  EXPECT_GT(microseconds, 0);
  EXPECT_LT(microseconds, 200);  // loose: the machine may be busy
}

}  // namespace
}  // namespace airlock
