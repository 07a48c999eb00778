#include "twin/pipeline/mlp_trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "sim/base/error.h"
#include "sim/base/rng.h"
#include "tests/support/error_of.h"
#include "twin/forecast/mlp_forecaster.h"

namespace airlock {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;

// y = 300 + 20 |x0| + 10 x1 + noise of 2
SampleTable Bend(int64_t rows, uint64_t seed) {
  RngStream rng(seed);
  SampleTable table;
  table.columns = 2;
  for (int64_t row = 0; row < rows; ++row) {
    const double a = rng.Normal(0, 1);
    const double b = rng.Normal(0, 1);
    table.x.insert(table.x.end(), {a, b});
    table.y.push_back(300 + 20 * std::abs(a) + 10 * b + rng.Normal(0, 2));
    table.last_target.push_back(NAN);
    table.origin.push_back(row);
  }
  return table;
}

ForecasterOptions Small() {
  ForecasterOptions options;
  options.parameters = {
      {"width", 16}, {"learning_rate", 1e-2}, {"epochs", 60}, {"members", 2}};
  return options;
}

TEST(MlpTrainerTest, LearnsTheBendAndOneSeedGivesOneForecaster) {
  const SampleTable training = Bend(600, 1);
  const auto forecaster = TrainForecaster("mlp", training, Small());
  const SampleTable fresh = Bend(400, 2);
  double squares = 0;
  for (int64_t row = 0; row < fresh.rows(); ++row) {
    const double error = fresh.y[static_cast<size_t>(row)] -
                         forecaster->Predict(fresh.Row(row), NAN);
    squares += error * error / static_cast<double>(fresh.rows());
  }
  EXPECT_LT(std::sqrt(squares), 3);  // the noise is 2, the target's spread 16
  EXPECT_EQ(TrainForecaster("mlp", training, Small())->Save(),
            forecaster->Save());
  ForecasterOptions other = Small();
  other.seed = 2;
  EXPECT_NE(TrainForecaster("mlp", training, other)->Save(),
            forecaster->Save());
}

TEST(MlpTrainerTest, TauGivesAQuantile) {
  const SampleTable training = Bend(600, 1);
  double above[2];
  int next = 0;
  for (const double tau : {0.1, 0.9}) {
    ForecasterOptions options = Small();
    options.parameters["tau"] = tau;
    const auto forecaster = TrainForecaster("mlp", training, options);
    double& share = above[next++] = 0;
    for (int64_t row = 0; row < training.rows(); ++row) {
      share += training.y[static_cast<size_t>(row)] >
               forecaster->Predict(training.Row(row), NAN);
    }
    share /= static_cast<double>(training.rows());
  }
  EXPECT_NEAR(above[0], 0.9, 0.07);
  EXPECT_NEAR(above[1], 0.1, 0.07);
}

TEST(MlpTrainerTest, WrongParametersAreRefused) {
  const auto error_of = [](std::map<std::string, double> parameters) {
    return ErrorOf([&] {
      ForecasterOptions options;
      options.parameters = std::move(parameters);
      TrainForecaster("mlp", Bend(100, 1), options);
    });
  };
  EXPECT_THAT(error_of({{"depth", 3}}), HasSubstr("unknown parameter"));
  EXPECT_THAT(error_of({{"width", 0}}), HasSubstr("width"));
  EXPECT_THAT(error_of({{"tau", 0.5}, {"huber_delta", 1}}),
              HasSubstr("huber_delta or tau, not both"));
  EXPECT_THAT(error_of({{"gap", 90}}), HasSubstr("at least 10 must be left"));
}

}  // namespace
}  // namespace airlock
