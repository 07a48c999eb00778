#include "twin/forecast/forecaster.h"

#include "sim/base/error.h"
#include "twin/forecast/linear_forecaster.h"
#include "twin/forecast/mlp_forecaster.h"
#include "twin/forecast/naive_forecasters.h"
#include "twin/forecast/tree_ensemble.h"
#include "twin/forecast/weighted_sum.h"

namespace airlock {

const std::vector<ForecasterEntry>& Forecasters() {
  static const std::vector<ForecasterEntry> kTable = {
      {"constant", ConstantForecaster::Load, "one value for every sample"},
      {"persistence", PersistenceForecaster::Load,
       "the newest observed target"},
      {"seasonal", SeasonalForecaster::Load, "the target one season before"},
      {"linear", LinearForecaster::Load, "a weighted sum of the features"},
      {"trees", TreeEnsemble::Load, "a sum of regression trees"},
      {"sum", WeightedSum::Load, "a weighted sum of forecasters"},
      {"mlp", MlpForecaster::Load, "the mean of perceptrons"},
  };
  return kTable;
}

double EstimatedMicroseconds(const Forecaster& forecaster) {
  return 0.004 * static_cast<double>(forecaster.operations());
}

std::unique_ptr<Forecaster> LoadForecaster(const std::string& name,
                                           const std::string& text) {
  std::string known;
  for (const ForecasterEntry& entry : Forecasters()) {
    if (entry.name == name) return entry.load(text);
    known += known.empty() ? entry.name : fmt::format(", {}", entry.name);
  }
  throw InputError(fmt::format("no forecaster '{}'; known: {}", name, known));
}

}  // namespace airlock
