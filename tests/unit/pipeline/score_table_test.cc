#include "twin/pipeline/score_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "sim/base/rng.h"
#include "sim/stats/diebold_mariano.h"

namespace airlock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ScoredForecast Forecast(const std::string& model, double noise,
                        const std::string& split) {
  RngStream truth = RngTree(1).Stream("test/truth", Replication(0));
  RngStream rng = RngTree(1).Stream("test/" + model, Replication(0));
  ScoredForecast forecast;
  forecast.model = model;
  forecast.features = model == "persistence" ? "" : "counters";
  forecast.split = split;
  for (int i = 0; i < 200; ++i) {
    forecast.observed.push_back(truth.Normal(10, 1));
    forecast.predicted.push_back(forecast.observed.back() +
                                 rng.Normal(0, noise));
  }
  return forecast;
}

TEST(ScoreTable, ComparesWithPersistenceAndRidgeOfTheSplit) {
  const std::vector<ScoredForecast> forecasts = {
      Forecast("persistence", 1, "in time"), Forecast("ridge", 0.5, "in time"),
      Forecast("xgboost", 0.2, "in time"), Forecast("mlp", 1.5, "in time"),
      Forecast("stack", 0.98, "in time")};
  const ScoreTable table = MakeScoreTable("rate", "bit/s", forecasts);
  ASSERT_EQ(table.rows.size(), 5u);
  std::vector<double> own, ridge;
  for (size_t i = 0; i < 200; ++i) {
    own.push_back(forecasts[2].observed[i] - forecasts[2].predicted[i]);
    ridge.push_back(forecasts[1].observed[i] - forecasts[1].predicted[i]);
  }
  EXPECT_DOUBLE_EQ(table.rows[2].p_ridge,
                   DieboldMariano(own, ridge, 1).p_first_better);
  EXPECT_LT(table.rows[2].p_ridge, 1e-6);
  EXPECT_LT(table.rows[2].p_persistence, 1e-6);
  EXPECT_GT(table.rows[3].p_persistence, 0.95);
  EXPECT_TRUE(std::isnan(table.rows[0].p_persistence));
  EXPECT_TRUE(std::isnan(table.rows[1].p_ridge));
  EXPECT_THAT(table.remarks,
              ElementsAre(HasSubstr("mlp (counters) does not beat persistence "
                                    "for rate at horizon 0, in time split"),
                          HasSubstr("beyond chance")));
}

TEST(ScoreTable, ARandomSplitHasNoTestAndIsAskedApart) {
  const ScoreTable table = MakeScoreTable(
      "rate", "bit/s",
      {Forecast("persistence", 1, "random"), Forecast("ridge", 0.5, "random"),
       Forecast("xgboost", 0.5, "in time")});
  for (const ScoreRow& row : table.rows) {
    EXPECT_TRUE(std::isnan(row.p_persistence)) << row.model;
    EXPECT_TRUE(std::isnan(row.p_ridge)) << row.model;
  }
}

TEST(ScoreTable, TextAndJsonHaveEveryScore) {
  ScoredForecast forecast = Forecast("ridge", 0.5, "in time");
  forecast.levels = {0.9};
  forecast.intervals.resize(1);
  for (const double value : forecast.predicted) {
    forecast.intervals[0].push_back({value - 1, value + 1});
  }
  forecast.residuals = {-1, 0, 1};
  forecast.mase_scale = 2;
  const ScoreTable table = MakeScoreTable("rate", "bit/s", {forecast});
  EXPECT_THAT(table.ToText(), HasSubstr("prediction intervals; width"));
  EXPECT_THAT(table.ToText(), HasSubstr("  ridge    90%    "));
  EXPECT_THAT(table.ToText(), HasSubstr("acc25"));
  const auto row = nlohmann::json::parse(table.ToJson()).at("rows").at(0);
  EXPECT_DOUBLE_EQ(row.at("mase").get<double>(),
                   row.at("mae").get<double>() / 2);
  EXPECT_GT(row.at("crps").get<double>(), 0);
  EXPECT_TRUE(row.at("p_persistence").is_null());
  EXPECT_DOUBLE_EQ(row.at("intervals").at(0).at("mean_width").get<double>(), 2);
  for (const char* key : {"r2", "rmse", "mape", "accuracy_15", "p_ridge"}) {
    EXPECT_TRUE(row.contains(key)) << key;
  }
}

TEST(ScoreTable, ColumnsAlignWhateverTheNamesAndOnlyDifferencesAreColumns) {
  ScoredForecast wild = Forecast("a model with a long name", 1e7, "in time");
  const ScoreTable table = MakeScoreTable(
      "rate", "bit/s", {Forecast("ridge", 0.5, "in time"), wild});
  std::istringstream text(table.ToText());
  std::string heading, header, first, second;
  std::getline(text, heading);
  std::getline(text, header);
  std::getline(text, first);
  std::getline(text, second);
  EXPECT_THAT(heading, HasSubstr("rate, horizon 0, in time split, from "
                                 "counters; RMSE, MAE and CRPS in bit/s"));
  EXPECT_EQ(header.find("split"), std::string::npos);
  EXPECT_EQ(header.size(), first.size());
  EXPECT_EQ(header.size(), second.size());
  EXPECT_LT(header.size(), 150u);

  ScoredForecast random = Forecast("ridge", 0.5, "random");
  const std::string both =
      MakeScoreTable("share", "1", {Forecast("ridge", 0.5, "in time"), random})
          .ToText();
  EXPECT_THAT(both, HasSubstr("  split    model"));
  EXPECT_THAT(both, HasSubstr("CRPS without unit"));
}

}  // namespace
}  // namespace airlock
