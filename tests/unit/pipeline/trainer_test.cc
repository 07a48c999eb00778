#include "twin/pipeline/trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "sim/base/rng.h"
#include "tests/support/error_of.h"
#include "twin/forecast/naive_forecasters.h"
#include "twin/pipeline/ensemble_trainers.h"
#include "twin/pipeline/naive_trainers.h"

namespace airlock {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

void AddRow(const std::vector<double>& x, double y, SampleTable* table) {
  table->columns = static_cast<int64_t>(x.size());
  table->origin.push_back(table->rows());
  table->x.insert(table->x.end(), x.begin(), x.end());
  table->last_target.push_back(table->y.empty() ? kUnknown : table->y.back());
  table->y.push_back(y);
}

SampleTable TargetOnly(const std::vector<double>& y) {
  SampleTable table;
  for (const double value : y) AddRow({0}, value, &table);
  return table;
}

// Nearly dependent features and a target with something unexplained; the
// numbers expected of it below are numpy's.
SampleTable Waves(bool duplicate) {
  SampleTable table;
  for (int t = 0; t < 40; ++t) {
    const double i = t;
    std::vector<double> x = {std::sin(0.7 * i), std::cos(1.3 * i),
                             std::sin(0.7 * i) + 1e-3 * std::cos(2.1 * i),
                             std::cos(0.31 * i)};
    const double y =
        2 * x[0] - 3 * x[1] + 0.5 * x[3] + 5 + 0.3 * std::sin(5.3 * i * i);
    if (duplicate) x.push_back(x[0]);
    AddRow(x, y, &table);
  }
  return table;
}

double PredictionAt(const std::string& trainer, const SampleTable& table,
                    const std::map<std::string, double>& parameters,
                    const std::vector<double>& x) {
  return TrainForecaster(trainer, table, {1, parameters})
      ->Predict(x.data(), kUnknown);
}

TEST(Trainers, SearchesWithinTheAllowed) {
  std::set<std::string> names;
  for (const TrainerEntry& entry : Trainers()) {
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    EXPECT_NE(std::string(entry.description), "") << entry.name;
    std::map<std::string, ForecasterParameter> known;
    for (const ForecasterParameter& parameter : entry.parameters) {
      known.insert({parameter.name, parameter});
      EXPECT_LE(parameter.minimum, parameter.default_value) << parameter.name;
      EXPECT_GE(parameter.maximum, parameter.default_value) << parameter.name;
    }
    EXPECT_EQ(known.size(), entry.parameters.size()) << entry.name;
    for (const TunableParameter& tunable : entry.search) {
      ASSERT_EQ(known.count(tunable.name), 1u) << tunable.name;
      const ForecasterParameter& parameter = known.at(tunable.name);
      EXPECT_LT(tunable.minimum, tunable.maximum) << tunable.name;
      EXPECT_GE(tunable.minimum, parameter.minimum) << tunable.name;
      EXPECT_LE(tunable.maximum, parameter.maximum) << tunable.name;
      if (tunable.logarithmic) {
        EXPECT_GT(tunable.minimum, 0) << tunable.name;
      }
      if (tunable.factor != nullptr) {
        EXPECT_EQ(known.count(tunable.factor), 1u) << tunable.name;
        EXPECT_GT(tunable.least_product, 0) << tunable.name;
        EXPECT_LT(tunable.least_product, tunable.most_product) << tunable.name;
      }
    }
  }
}

TEST(LinearTrainer, EqualsNumpysLeastSquares) {
  EXPECT_NEAR(PredictionAt("linear", Waves(false), {}, {.3, -.4, .2, .9}),
              10.122007903390866, 1e-8);
  // Of a duplicate column it takes half each: the smallest solution.
  EXPECT_NEAR(PredictionAt("linear", Waves(true), {}, {.3, -.4, .2, .9, .7}),
              16.240502334431184, 1e-8);
}

TEST(RidgeTrainer, EqualsTheClosedForm) {
  EXPECT_NEAR(PredictionAt("ridge", Waves(false), {{"penalty", 0.01}},
                           {.3, -.4, .2, .9}),
              7.124977401950929, 1e-10);
}

TEST(RidgeTrainer, FindsThePenaltyOfLeastGeneralisedCrossValidation) {
  // With the hat matrix written out, the least of the same grid is 10^-3.5.
  EXPECT_NEAR(PredictionAt("ridge", Waves(false), {}, {.3, -.4, .2, .9}),
              7.163062029383616, 1e-10);
}

TEST(XgboostTrainer, PredictsQuantilesThatHold) {
  // The spread grows with x: the quantile of level q is 3 x + x z_q.
  RngStream rng = RngTree(3).Stream("test/quantile", Replication(0));
  SampleTable training, test;
  for (int i = 0; i < 6000; ++i) {
    const double x = rng.Uniform(0.5, 2);
    AddRow({x}, 3 * x + x * rng.Normal(0, 1), i < 3000 ? &training : &test);
  }
  for (const auto& [level, z] : std::map<double, double>{
           {0.1, -1.2815515655446004}, {0.5, 0}, {0.9, 1.2815515655446004}}) {
    const auto trees = TrainForecaster(
        "xgboost", training,
        {1, {{"quantile", level}, {"rounds", 60}, {"min_child_weight", 100}}});
    int below = 0;
    double deviation = 0;
    for (int64_t row = 0; row < test.rows(); ++row) {
      const double predicted = trees->Predict(test.Row(row), kUnknown);
      below += test.y[static_cast<size_t>(row)] <= predicted;
      deviation += std::abs(predicted - test.Row(row)[0] * (3 + z)) / 3000;
    }
    // Four standard errors of a share of 3000, both in training and in test.
    EXPECT_NEAR(below / 3000.0, level,
                4 * std::sqrt(2 * level * (1 - level) / 3000.0));
    EXPECT_LT(deviation, 0.25) << level;
  }
}

TEST(SeasonalTrainer, FindsTheSeasonAndSaysWhereThereIsNone) {
  RngStream rng = RngTree(4).Stream("test/season", Replication(0));
  std::vector<double> season, noise, walk, trend;
  double position = 0;
  for (int t = 0; t < 600; ++t) {
    const double phase = 2 * M_PI * t / 48;
    season.push_back(std::sin(phase) + 0.4 * std::cos(3 * phase) +
                     rng.Normal(0, 0.3));
    noise.push_back(rng.Normal(0, 1));
    walk.push_back(position += rng.Normal(0, 1));
    trend.push_back(0.01 * t + season.back());
  }
  EXPECT_EQ(FindSeason(TargetOnly(season)), 48);
  EXPECT_EQ(FindSeason(TargetOnly(trend)), 48);
  EXPECT_EQ(FindSeason(TargetOnly(noise)), 0);
  EXPECT_EQ(FindSeason(TargetOnly(std::vector<double>(100, 7))), 0);
  // Rows that are missing do not shift those behind them.
  SampleTable gappy;
  for (int t = 0; t < 600; ++t) {
    if (t % 7 == 3 || (t > 200 && t < 230)) continue;
    AddRow({0}, season[static_cast<size_t>(t)], &gappy);
    gappy.origin.back() = t;
  }
  EXPECT_EQ(FindSeason(gappy), 48);
  const auto none = TrainForecaster("seasonal-naive", TargetOnly(noise), {});
  EXPECT_EQ(none->season(), 0);
  EXPECT_EQ(none->Predict(nullptr, 7), 7);
}

TEST(SeasonalTrainer, TakesTheTargetOfAnEarlierSeason) {
  std::vector<double> y;
  for (int t = 0; t < 30; ++t) y.push_back(t);
  y[14] = kUnknown;
  const auto seasonal =
      TrainForecaster("seasonal-naive", TargetOnly(y), {1, {{"period", 5}}});
  for (const int64_t horizon : {0, 1, 5, 7}) {
    // Row t: y is the target at t + horizon.
    SampleTable table = TargetOnly(y);
    for (int64_t t = 0; t < 30; ++t) {
      table.y[static_cast<size_t>(t)] =
          t + horizon < 30 ? y[static_cast<size_t>(t + horizon)] : kUnknown;
    }
    table.last_target = y;
    const std::vector<double> past = PastTargets(*seasonal, table, horizon);
    // 20 + h - 5 k, with the least k that is not after t.
    const std::map<int64_t, double> expected = {
        {0, 15}, {1, 16}, {5, 20}, {7, 17}};
    EXPECT_EQ(past[20], expected.at(horizon)) << horizon;
  }
  // Unknown a season before: two seasons before. Before the table: the newest.
  SampleTable table = TargetOnly(y);
  table.last_target.assign(30, -1);
  const std::vector<double> past = PastTargets(*seasonal, table, 0);
  EXPECT_EQ(past[19], 9);
  EXPECT_EQ(past[4], -1);
}

TEST(LinearBoostTrainer, CarriesTheLineBeyondTheTraining) {
  RngStream rng = RngTree(5).Stream("test/boost", Replication(0));
  const auto truth = [](double a, double b) { return 3 * a + (b > 0 ? 2 : 0); };
  SampleTable training;
  for (int i = 0; i < 800; ++i) {
    const double a = rng.Uniform(-1, 1), b = rng.Uniform(-1, 1);
    AddRow({a, b}, truth(a, b) + rng.Normal(0, 0.1), &training);
  }
  std::map<std::string, double> errors;
  for (const char* name : {"ridge", "xgboost", "linear-boost"}) {
    const auto forecaster = TrainForecaster(name, training, {});
    for (int i = 0; i < 200; ++i) {
      const double x[] = {rng.Uniform(-3, 3), rng.Uniform(-1, 1)};
      errors[name] +=
          std::abs(forecaster->Predict(x, kUnknown) - truth(x[0], x[1])) / 200;
    }
  }
  EXPECT_LT(errors["linear-boost"], 0.5 * errors["ridge"]);
  EXPECT_LT(errors["linear-boost"], 0.2 * errors["xgboost"]);
}

TEST(StackTrainer, WeighsAsAGeneralOptimiserDoes) {
  // Expected: scipy's SLSQP on the same numbers.
  std::vector<std::vector<double>> predicted(4);
  std::vector<double> y;
  const SampleTable table = Waves(false);
  double mean = 0;
  for (const double value : table.y) mean += value / 40;
  for (int t = 0; t < 40; ++t) {
    const double i = t, value = table.y[static_cast<size_t>(t)] - mean;
    y.push_back(value);
    predicted[0].push_back(value + 0.8 * std::sin(3.1 * i));
    predicted[1].push_back(value * 0.5 + 0.9 * std::cos(1.7 * i * i));
    predicted[2].push_back(std::cos(2.9 * i) + 0.2 * value);
    predicted[3].push_back(2 * value + 0.1 * std::sin(i));
  }
  const auto near = [](double value) { return DoubleNear(value, 1e-5); };
  EXPECT_THAT(StackWeights({predicted[0], predicted[1]}, y),
              ElementsAre(near(0.8531028), near(0.1468972)));
  EXPECT_THAT(StackWeights({predicted[3]}, y), ElementsAre(near(0.5000567)));
  EXPECT_THAT(StackWeights(predicted, y),
              ElementsAre(near(0.00210225), 0, 0, near(0.49901106)));
  // The same part twice is as good as once.
  const std::vector<double> twice = StackWeights({y, y}, y);
  EXPECT_NEAR(twice[0] + twice[1], 1, 1e-12);
  // One that is worse than the mean gets nothing.
  std::vector<double> opposite = y;
  for (double& value : opposite) value = -value;
  EXPECT_THAT(StackWeights({opposite}, y), ElementsAre(0));
  EXPECT_THAT(StackWeights({y}, std::vector<double>(40, 0)), ElementsAre(0));
}

TEST(StackTrainer, IsAsGoodAsItsBetterPart) {
  // A line where trees do badly, a step where a line does.
  for (const bool step : {false, true}) {
    RngStream rng = RngTree(6).Stream("test/stack", Replication(0));
    SampleTable training, test;
    for (int i = 0; i < 900; ++i) {
      const double a = rng.Normal(0, 1), b = rng.Normal(0, 1);
      const double y = step ? (a * b > 0 ? 5 : 0) : 3 * a - 4 * b;
      AddRow({a, b}, y + rng.Normal(0, 0.5), i < 600 ? &training : &test);
    }
    std::map<std::string, double> squares;
    for (const char* name : {"ridge", "xgboost", "stack"}) {
      const auto forecaster = TrainForecaster(name, training, {});
      for (int64_t row = 0; row < test.rows(); ++row) {
        squares[name] += std::pow(forecaster->Predict(test.Row(row), kUnknown) -
                                      test.y[static_cast<size_t>(row)],
                                  2);
      }
    }
    EXPECT_LT(squares["stack"],
              1.05 * std::min(squares["ridge"], squares["xgboost"]))
        << step;
  }
}

TEST(StackTrainer, SaysWhatItCannotDo) {
  SampleTable table = Waves(false);
  EXPECT_THAT(
      ErrorOf([&] {
        TrainForecaster(
            "stack", table,
            {1,
             {{"ridge", 0}, {"linear-boost", 0}, {"xgboost", 0}, {"mlp", 0}}});
      }),
      HasSubstr("forecaster stack: it has no part"));
  EXPECT_THAT(ErrorOf([&] {
                TrainForecaster("stack", table, {1, {{"gap", 500}}});
              }),
              HasSubstr("leave nothing to learn from"));
  EXPECT_THAT(ErrorOf([&] {
                TrainForecaster("stack", table, {1, {{"blocks", 30}}});
              }),
              HasSubstr("40 rows are too few for 30 blocks"));
}

}  // namespace
}  // namespace airlock
