#include "twin/forecast/naive_forecasters.h"

#include <cmath>

#include "twin/forecast/learned_json.h"

namespace airlock {

using nlohmann::json;

std::unique_ptr<Forecaster> ConstantForecaster::Load(const std::string& text) {
  return std::make_unique<ConstantForecaster>(ParseLearned(
      "constant", text,
      [](const json& learned) { return learned.at("value").get<double>(); }));
}

std::string ConstantForecaster::Save() const {
  return json{{"value", value_}}.dump();
}

std::unique_ptr<Forecaster> PersistenceForecaster::Load(const std::string&) {
  return std::make_unique<PersistenceForecaster>();
}

double PersistenceForecaster::Predict(const double*, double last_target) const {
  if (std::isnan(last_target)) {
    throw InputError(
        "forecaster persistence: the target's past is not available");
  }
  return last_target;
}

}  // namespace airlock
