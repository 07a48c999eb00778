#include "twin/pipeline/trainer.h"

#include "sim/base/error.h"
#include "twin/pipeline/ensemble_trainers.h"
#include "twin/pipeline/learners.h"
#include "twin/pipeline/mlp_trainer.h"
#include "twin/pipeline/naive_trainers.h"

namespace airlock {

const std::vector<TrainerEntry>& Trainers() {
  static const std::vector<TrainerEntry> kTable = {
      ConstantTrainer(), PersistenceTrainer(), SeasonalTrainer(),
      LinearTrainer(),   RidgeTrainer(),       XgboostTrainer(),
      MlpTrainer(),      LinearBoostTrainer(), StackTrainer(),
  };
  return kTable;
}

std::vector<std::string> TrainerNames() {
  std::vector<std::string> names;
  for (const TrainerEntry& entry : Trainers()) names.push_back(entry.name);
  return names;
}

const TrainerEntry& FindTrainer(const std::string& name) {
  std::string known;
  for (const TrainerEntry& entry : Trainers()) {
    if (entry.name == name) return entry;
    known += known.empty() ? entry.name : fmt::format(", {}", entry.name);
  }
  throw InputError(fmt::format("no forecaster '{}'; known: {}", name, known));
}

std::unique_ptr<Forecaster> TrainForecaster(const std::string& name,
                                            const SampleTable& training,
                                            const ForecasterOptions& options) {
  const TrainerEntry& trainer = FindTrainer(name);
  ForecasterOptions complete = options;
  complete.parameters =
      ResolveParameters(name, trainer.parameters, options.parameters);
  return trainer.train(training, complete);
}

}  // namespace airlock
