#include "twin/pipeline/mlp_trainer.h"

#include <algorithm>

#include "agents/learn/learner_client.h"
#include "sim/base/error.h"
#include "twin/forecast/mlp_forecaster.h"

namespace airlock {
namespace {

MlpTraining TrainingOf(const ForecasterOptions& options) {
  const auto real = [&options](const char* name) {
    return options.parameters.at(name);
  };
  const auto whole = [&real](const char* name) {
    return static_cast<int64_t>(real(name));
  };
  MlpTraining training;
  training.hidden.assign(static_cast<size_t>(whole("layers")), whole("width"));
  constexpr Activation kActivations[] = {Activation::kRelu, Activation::kTanh,
                                         Activation::kSilu};
  training.activation = kActivations[whole("activation")];
  training.members = whole("members");
  training.dropout = real("dropout");
  training.weight_decay = real("weight_decay");
  training.learning_rate = real("learning_rate");
  training.batch = whole("batch");
  training.epochs = whole("epochs");
  training.patience = whole("patience");
  training.validation_share = real("validation");
  training.gap = whole("gap");
  if (real("huber_delta") > 0) {
    training.loss = Loss::kHuber;
    training.huber_delta = real("huber_delta");
  }
  if (real("tau") > 0) {
    training.loss = Loss::kPinball;
    training.tau = real("tau");
  }
  training.seed = options.seed;
  return training;
}

std::unique_ptr<Forecaster> TrainMlpForecaster(
    const SampleTable& table, const ForecasterOptions& options) {
  if (options.parameters.at("huber_delta") > 0 &&
      options.parameters.at("tau") > 0) {
    throw InputError("forecaster mlp: give huber_delta or tau, not both");
  }
  const double limit = options.parameters.at("limit");
  TrainingExamples examples;
  examples.inputs = table.columns;
  examples.y = table.y;
  for (const double value : table.x) {
    examples.x.push_back(std::clamp(value, -limit, limit));
  }
  TrainingResult result =
      LearnerClient::OfThisProgram().Train(examples, TrainingOf(options));
  std::vector<Mlp> members;
  for (TrainedMlp& member : result.members) {
    members.push_back(std::move(member.mlp));
  }
  return std::make_unique<MlpForecaster>(std::move(members), limit);
}

}  // namespace

TrainerEntry MlpTrainer() {
  return {"mlp",
          "perceptrons, averaged (width=64, layers=2, members=3)",
          {{"width", 64, 1, 256},
           {"layers", 2, 1, 4},
           {"activation", 0, 0, 2},
           {"members", 3, 1, 16},
           {"dropout", 0, 0, 0.9},
           {"weight_decay", 1e-2, 0, 100},
           {"learning_rate", 2e-3, 1e-6, 1},
           {"batch", 32, 1, 100000},
           {"epochs", 100, 1, 100000},
           {"patience", 20, 1, 100000},
           {"validation", 0.15, 0, 0.5},
           {"gap", 10, 0, 100000},
           {"huber_delta", 0, 0, 1000},
           {"tau", 0, 0, 0.9999},
           {"limit", 5, 0.1, 1000}},
          {{"width", 16, 128, true, true},
           {"learning_rate", 3e-4, 1e-2, true},
           {"weight_decay", 1e-3, 3, true},
           {"dropout", 0, 0.3}},
          TrainMlpForecaster};
}

}  // namespace airlock
