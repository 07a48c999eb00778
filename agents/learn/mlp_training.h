#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agents/policy/mlp.h"

namespace airlock {

// Supervised training of an Mlp: what is asked and what comes back. Both travel
// between `airlock` and `airlock-learner` as frames (learner_client.h); nothing
// here knows libtorch.

// Examples, row-major, in the order of time. `x` holds rows() * inputs
// standardised values; `y` a target in any unit, or for a classifier the number
// of a class, 0 to classes - 1. No NaN.
struct TrainingExamples {
  int64_t inputs = 0;
  std::vector<double> x;
  std::vector<double> y;

  int64_t rows() const { return static_cast<int64_t>(y.size()); }
};

enum class Loss {
  kSquared,
  kHuber,    // Huber (1964): quadratic up to `huber_delta`, then linear
  kPinball,  // Koenker and Bassett (1978): quantile `tau`
  kCrossEntropy,
};
const char* ToString(Loss loss);
bool Parse(const std::string& text, Loss* loss);

enum class LearningRateSchedule {
  kConstant,
  kCosine,  // Loshchilov and Hutter (2017): falls to 0 over the epochs
};
const char* ToString(LearningRateSchedule schedule);
bool Parse(const std::string& text, LearningRateSchedule* schedule);

enum class ValidationRows {
  kLast,  // the last ones, behind a gap: rows that follow each other are alike
  kRandom,
};
const char* ToString(ValidationRows rows);
bool Parse(const std::string& text, ValidationRows* rows);

struct MlpTraining {
  std::vector<int64_t> hidden = {64, 64};  // at most 8 layers of 1024
  Activation activation = Activation::kRelu;
  Loss loss = Loss::kSquared;
  double huber_delta = 1;  // in the target's standard deviations
  double tau = 0.5;
  int64_t classes = 0;      // for kCrossEntropy; 0 for regression
  int64_t members = 1;      // networks that differ in their random numbers only
  double dropout = 0;       // share of hidden values left out, in [0, 0.9]
  double weight_decay = 0;  // decoupled (AdamW); 0 is Adam
  double learning_rate = 1e-3;
  LearningRateSchedule schedule = LearningRateSchedule::kCosine;
  int64_t batch = 32;
  int64_t epochs = 100;
  // Early stopping: ends after `patience` epochs in which the loss on the
  // validation rows did not fall, and keeps the weights of the best epoch. A
  // validation_share of 0 trains all epochs on all rows.
  int64_t patience = 20;
  double validation_share = 0.15;
  int64_t gap = 10;  // rows before the validation rows used for neither
  ValidationRows validation = ValidationRows::kLast;
  uint64_t seed = 1;
};

// A member of an ensemble; predicts in the target's unit (a classifier:
// logits).
struct TrainedMlp {
  Mlp mlp;
  int64_t best_epoch = 0;      // from 1
  double validation_loss = 0;  // at it, of the standardised target
};

struct TrainingResult {
  std::vector<TrainedMlp> members;
  // The largest difference between torch's own outputs and the Mlps' over all
  // rows, in the target's standard deviations (relative for outputs beyond 1).
  double largest_difference = 0;
};

// Throws InputError that says which number is wrong and what is allowed.
void CheckTraining(const TrainingExamples& examples,
                   const MlpTraining& training);

// The request's frame and the answer's. Reading throws InputError for what is
// missing or of the wrong type.
nlohmann::json ToFrame(const TrainingExamples& examples,
                       const MlpTraining& training);
void FromFrame(const nlohmann::json& frame, TrainingExamples* examples,
               MlpTraining* training);
nlohmann::json ToFrame(const TrainingResult& result);
TrainingResult TrainingResultFromFrame(const nlohmann::json& frame);

}  // namespace airlock
