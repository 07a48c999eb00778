#include "agents/learn/mlp_training.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "agents/learn/learner_client.h"
#include "agents/learn/supervised_training.h"
#include "sim/base/error.h"
#include "sim/base/rng.h"
#include "tests/support/error_of.h"

namespace airlock {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;

// y = 1000 + 50 (sin(2 x0) + x1 x2) + noise; x3 tells nothing.
TrainingExamples Curve(int64_t rows, double noise, uint64_t seed = 11) {
  RngStream rng(seed);
  TrainingExamples examples;
  examples.inputs = 4;
  for (int64_t row = 0; row < rows; ++row) {
    double x[4];
    for (double& value : x) value = rng.Normal(0, 1);
    examples.x.insert(examples.x.end(), x, x + 4);
    examples.y.push_back(1000 + 50 * (std::sin(2 * x[0]) + x[1] * x[2]) +
                         rng.Normal(0, noise));
  }
  return examples;
}

MlpTraining Short() {
  MlpTraining training;
  training.hidden = {32, 32};
  training.epochs = 40;
  training.learning_rate = 1e-2;
  return training;
}

std::vector<double> Predict(const Mlp& mlp, const TrainingExamples& examples) {
  std::vector<double> y(static_cast<size_t>(examples.rows() * mlp.outputs()));
  std::vector<double> scratch(static_cast<size_t>(mlp.scratch_size()));
  mlp.EvaluateRows(examples.x.data(), examples.rows(), y.data(),
                   scratch.data());
  return y;
}

double R2(const std::vector<double>& y, const std::vector<double>& predicted) {
  double mean = 0;
  for (const double value : y) mean += value / static_cast<double>(y.size());
  double errors = 0;
  double total = 0;
  for (size_t i = 0; i < y.size(); ++i) {
    errors += (y[i] - predicted[i]) * (y[i] - predicted[i]);
    total += (y[i] - mean) * (y[i] - mean);
  }
  return 1 - errors / total;
}

TEST(MlpTrainingTest, LearnsACurveInTheTargetsUnit) {
  const TrainingResult result = TrainMlp(Curve(600, 0), Short());
  const TrainingExamples fresh = Curve(300, 0, 12);
  EXPECT_GT(R2(fresh.y, Predict(result.members[0].mlp, fresh)), 0.9);
  EXPECT_LE(result.largest_difference, 1e-5);
}

TEST(MlpTrainingTest, TorchAndOursAgreeForEveryActivation) {
  for (const Activation activation : {Activation::kIdentity, Activation::kRelu,
                                      Activation::kTanh, Activation::kSilu}) {
    MlpTraining training = Short();
    training.activation = activation;
    training.epochs = 2;
    training.members = 2;
    const TrainingResult result = TrainMlp(Curve(100, 1), training);
    EXPECT_LT(result.largest_difference, 1e-6) << ToString(activation);
    EXPECT_GT(result.largest_difference, 0) << ToString(activation);
  }
}

TEST(MlpTrainingTest, EqualRequestsGiveEqualBitsAndSeedsDiffer) {
  MlpTraining training = Short();
  training.epochs = 3;
  training.dropout = 0.2;
  training.members = 2;
  const TrainingExamples examples = Curve(200, 5);
  const auto text = [&] {
    return ToFrame(TrainMlp(examples, training)).dump();
  };
  const std::string once = text();
  EXPECT_EQ(text(), once);
  training.seed = 2;
  EXPECT_NE(text(), once);
}

TEST(MlpTrainingTest, MembersDifferAndAreGoodTogether) {
  MlpTraining training = Short();
  training.members = 4;
  const TrainingResult result = TrainMlp(Curve(300, 25), training);
  const TrainingExamples fresh = Curve(500, 0, 12);
  std::vector<double> mean(fresh.y.size(), 0);
  double alone = 0;
  for (const TrainedMlp& member : result.members) {
    const std::vector<double> y = Predict(member.mlp, fresh);
    alone += R2(fresh.y, y) / 4;
    for (size_t i = 0; i < y.size(); ++i) mean[i] += y[i] / 4;
  }
  EXPECT_GT(R2(fresh.y, mean), alone + 0.01);
}

TEST(MlpTrainingTest, EarlyStoppingKeepsTheBestEpoch) {
  MlpTraining training = Short();
  training.epochs = 200;
  training.patience = 5;
  const TrainingExamples noisy = Curve(120, 200);  // nothing but overfitting
  const TrainedMlp member = TrainMlp(noisy, training).members[0];
  EXPECT_LT(member.best_epoch, 100);
  // The loss it reports is that of the weights it gives, on the last 18 rows.
  TrainingExamples last = noisy;
  const double n = 92;  // 120 - 18 - 10
  double mean = 0;
  for (int i = 0; i < n; ++i) mean += noisy.y[i] / n;
  double variance = 0;
  for (int i = 0; i < n; ++i) variance += std::pow(noisy.y[i] - mean, 2) / n;
  const std::vector<double> predicted = Predict(member.mlp, noisy);
  double loss = 0;
  for (int i = 102; i < 120; ++i) {
    loss += std::pow(noisy.y[i] - predicted[i], 2) / 18 / variance;
  }
  EXPECT_NEAR(member.validation_loss, loss, 1e-6 * loss);
}

// No row of the gap or of the validation may reach the weights but through the
// epoch that is kept.
TEST(MlpTrainingTest, TheGapIsNotLearntFrom) {
  MlpTraining training = Short();
  training.epochs = 3;
  training.patience = 3;
  TrainingExamples examples = Curve(200, 5);
  const TrainedMlp before = TrainMlp(examples, training).members[0];
  for (size_t row = 160; row < 170; ++row) examples.y[row] = -1e4;
  const TrainedMlp after = TrainMlp(examples, training).members[0];
  EXPECT_EQ(before.mlp.ToJson(), after.mlp.ToJson());
  examples.y[159] = -1e4;
  EXPECT_NE(TrainMlp(examples, training).members[0].mlp.ToJson(),
            before.mlp.ToJson());
}

// Of normal noise of standard deviation 50 the 0.9 quantile is 1.2816 of them
// above the mean; an interval of +-0.15 is four standard errors wide for 2000.
TEST(MlpTrainingTest, PinballLossFindsTheQuantile) {
  RngStream rng(5);
  TrainingExamples examples;
  examples.inputs = 1;
  for (int i = 0; i < 2000; ++i) {
    examples.x.push_back(rng.Uniform(-1, 1));
    examples.y.push_back(rng.Normal(300, 50));
  }
  MlpTraining training = Short();
  training.hidden = {4};
  training.loss = Loss::kPinball;
  training.tau = 0.9;
  training.validation_share = 0;
  training.epochs = 20;
  training.batch = 100;
  const Mlp mlp = TrainMlp(examples, training).members[0].mlp;
  const std::vector<double> predicted = Predict(mlp, examples);
  double below = 0;
  for (size_t i = 0; i < 2000; ++i) below += examples.y[i] < predicted[i];
  EXPECT_NEAR(below / 2000, 0.9, 0.02);
}

// With a tenth of wild targets, squares are drawn away and Huber is not.
TEST(MlpTrainingTest, HuberLossBearsOutliers) {
  TrainingExamples examples = Curve(500, 0);
  for (size_t i = 0; i < 500; i += 10) examples.y[i] += 3000;
  const TrainingExamples fresh = Curve(300, 0, 12);
  MlpTraining training = Short();
  const double squared =
      R2(fresh.y, Predict(TrainMlp(examples, training).members[0].mlp, fresh));
  training.loss = Loss::kHuber;
  training.huber_delta = 0.02;
  const double huber =
      R2(fresh.y, Predict(TrainMlp(examples, training).members[0].mlp, fresh));
  EXPECT_GT(huber, 0.5);
  EXPECT_LT(squared, 0);
}

TEST(MlpTrainingTest, AClassifierSeparatesRings) {
  RngStream rng(5);
  TrainingExamples examples;
  examples.inputs = 2;
  for (int i = 0; i < 600; ++i) {
    const double angle = rng.Uniform(0, 2 * M_PI);
    const double radius = 1 + i % 3 + rng.Normal(0, 0.1);
    examples.x.push_back(radius * std::cos(angle));
    examples.x.push_back(radius * std::sin(angle));
    examples.y.push_back(i % 3);
  }
  MlpTraining training = Short();
  training.loss = Loss::kCrossEntropy;
  training.classes = 3;
  training.validation = ValidationRows::kRandom;
  const std::vector<double> logits =
      Predict(TrainMlp(examples, training).members[0].mlp, examples);
  int right = 0;
  for (size_t i = 0; i < 600; ++i) {
    const auto best = std::max_element(&logits[3 * i], &logits[3 * i] + 3);
    right += (best - &logits[3 * i]) == static_cast<int>(i % 3);
  }
  EXPECT_GT(right, 590);
}

TEST(MlpTrainingTest, WrongRequestsAreRefusedByName) {
  const TrainingExamples good = Curve(100, 1);
  const auto error_of = [](const TrainingExamples& examples, auto change) {
    MlpTraining training = Short();
    change(&training);
    return ErrorOf([&] { CheckTraining(examples, training); });
  };
  using T = MlpTraining;
  EXPECT_EQ(error_of(good, [](T* t) { t->dropout = 1; }),
            "training: dropout = 1 must lie within 0 and 0.9");
  EXPECT_THAT(error_of(good, [](T* t) { t->learning_rate = NAN; }),
              HasSubstr("learning_rate = nan must lie within"));
  EXPECT_THAT(error_of(good, [](T* t) { t->hidden = {0}; }),
              HasSubstr("hidden = 0"));
  EXPECT_THAT(error_of(good, [](T* t) { t->gap = 80; }),
              HasSubstr("100 rows, of which 95 validate or lie in the gap"));
  EXPECT_THAT(error_of(good,
                       [](T* t) {
                         t->loss = Loss::kCrossEntropy;
                         t->classes = 2;
                       }),
              HasSubstr("is not one of 0 to 1"));
  TrainingExamples bad = good;
  bad.x[4 * 7 + 2] = NAN;
  EXPECT_EQ(error_of(bad, [](T*) {}),
            "training: row 7, input 2: nan is no number");
  bad = good;
  bad.y[3] = INFINITY;
  EXPECT_THAT(error_of(bad, [](T*) {}), HasSubstr("row 3: target inf"));
  bad = good;
  bad.x.pop_back();
  EXPECT_THAT(error_of(bad, [](T*) {}),
              HasSubstr("399 values of 4 inputs for 100 rows"));
}

// Inputs whose squares no double holds.
TEST(MlpTrainingTest, DivergenceIsAnErrorThatSaysWhatToDo) {
  TrainingExamples examples = Curve(40, 1);
  for (double& value : examples.x) value *= 1e200;
  try {
    TrainMlp(examples, Short());
    FAIL() << "there was no error";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "training diverged in epoch 1; lower learning_rate (0.01)");
  }
}

TEST(MlpTrainingTest, FramesKeepWhatIsAsked) {
  MlpTraining training;
  training.hidden = {3};
  training.activation = Activation::kSilu;
  training.loss = Loss::kPinball;
  training.huber_delta = 0.1;
  training.tau = 0.3;
  training.members = 2;
  training.dropout = 0.1;
  training.weight_decay = 0.2;
  training.learning_rate = 0.05;
  training.schedule = LearningRateSchedule::kConstant;
  training.batch = 7;
  training.epochs = 8;
  training.patience = 9;
  training.validation_share = 0.25;
  training.gap = 3;
  training.validation = ValidationRows::kRandom;
  training.seed = 0xfedcba9876543210;
  const TrainingExamples examples = Curve(50, 1);
  const nlohmann::json frame = ToFrame(examples, training);
  TrainingExamples examples_read;
  MlpTraining read;
  FromFrame(frame, &examples_read, &read);
  EXPECT_EQ(examples_read.x, examples.x);
  EXPECT_EQ(examples_read.y, examples.y);
  EXPECT_EQ(ToFrame(examples_read, read), frame);
  // Every member above differs from its default, so a forgotten one shows.
  const nlohmann::json defaults = ToFrame(TrainingExamples(), MlpTraining());
  for (const auto& [key, value] : frame.items()) {
    if (key == "type" || key == "classes") continue;
    EXPECT_NE(value, defaults.at(key)) << key;
  }
  nlohmann::json bad = frame;
  bad.erase("seed");
  EXPECT_THAT(ErrorOf([&] { FromFrame(bad, &examples_read, &read); }),
              HasSubstr("key 'seed' not found"));
  bad = frame;
  bad["loss"] = "absolute";
  EXPECT_THAT(ErrorOf([&] { FromFrame(bad, &examples_read, &read); }),
              HasSubstr("loss 'absolute' is not known"));
}

}  // namespace
}  // namespace airlock
