#include "twin/pipeline/naive_trainers.h"

#include <algorithm>

#include "twin/forecast/naive_forecasters.h"

namespace airlock {
namespace {

std::unique_ptr<Forecaster> TrainConstant(const SampleTable& training,
                                          const ForecasterOptions& options) {
  std::vector<double> y = training.y;
  if (options.parameters.at("median") != 0) {
    std::sort(y.begin(), y.end());
    return std::make_unique<ConstantForecaster>(
        (y[(y.size() - 1) / 2] + y[y.size() / 2]) / 2);
  }
  double sum = 0;
  for (const double value : y) sum += value;
  return std::make_unique<ConstantForecaster>(sum /
                                              static_cast<double>(y.size()));
}

std::unique_ptr<Forecaster> TrainPersistence(const SampleTable&,
                                             const ForecasterOptions&) {
  return std::make_unique<PersistenceForecaster>();
}

}  // namespace

TrainerEntry ConstantTrainer() {
  return {"constant",
          "the training target's mean (median=1: its median)",
          {{"median", 0, 0, 1}},
          {},
          TrainConstant};
}

TrainerEntry PersistenceTrainer() {
  return {
      "persistence", "the newest observed target", {}, {}, TrainPersistence};
}

}  // namespace airlock
