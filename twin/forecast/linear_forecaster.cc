#include "twin/forecast/linear_forecaster.h"

#include "twin/forecast/learned_json.h"

namespace airlock {

using nlohmann::json;

std::unique_ptr<Forecaster> LinearForecaster::Load(const std::string& text) {
  return ParseLearned("linear", text, [](const json& learned) {
    return std::make_unique<LinearForecaster>(
        learned.at("intercept").get<double>(),
        learned.at("weights").get<std::vector<double>>());
  });
}

double LinearForecaster::Predict(const double* x, double) const {
  double value = intercept_;
  for (size_t k = 0; k < weights_.size(); ++k) value += weights_[k] * x[k];
  return value;
}

std::string LinearForecaster::Save() const {
  return json{{"intercept", intercept_}, {"weights", weights_}}.dump();
}

}  // namespace airlock
