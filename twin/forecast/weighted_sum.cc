#include "twin/forecast/weighted_sum.h"

#include <algorithm>

#include "twin/forecast/learned_json.h"

namespace airlock {

using nlohmann::json;

WeightedSum::WeightedSum(double intercept, std::vector<Part> parts)
    : intercept_(intercept), parts_(std::move(parts)) {
  for (const Part& part : parts_) {
    if (part.forecaster->season() == 0) continue;
    throw InputError(fmt::format(
        "forecaster sum: its part {} has a season, which a sum cannot have",
        part.forecaster->name()));
  }
}

std::unique_ptr<Forecaster> WeightedSum::Load(const std::string& text) {
  return ParseLearned("sum", text, [](const json& learned) {
    std::vector<Part> parts;
    for (const json& saved : learned.at("parts")) {
      parts.push_back({saved.at("weight").get<double>(),
                       LoadForecaster(saved.at("name").get<std::string>(),
                                      saved.at("learned").dump())});
    }
    return std::make_unique<WeightedSum>(learned.at("intercept").get<double>(),
                                         std::move(parts));
  });
}

int64_t WeightedSum::inputs() const {
  int64_t inputs = 0;
  for (const Part& part : parts_) {
    inputs = std::max(inputs, part.forecaster->inputs());
  }
  return inputs;
}

double WeightedSum::Predict(const double* x, double last_target) const {
  double value = intercept_;
  for (const Part& part : parts_) {
    value += part.weight * part.forecaster->Predict(x, last_target);
  }
  return value;
}

bool WeightedSum::needs_past() const {
  return std::any_of(parts_.begin(), parts_.end(), [](const Part& part) {
    return part.forecaster->needs_past();
  });
}

int64_t WeightedSum::operations() const {
  int64_t operations = 0;
  for (const Part& part : parts_) operations += part.forecaster->operations();
  return operations;
}

std::string WeightedSum::Save() const {
  json parts = json::array();
  for (const Part& part : parts_) {
    parts.push_back({{"weight", part.weight},
                     {"name", part.forecaster->name()},
                     {"learned", json::parse(part.forecaster->Save())}});
  }
  return json{{"intercept", intercept_}, {"parts", parts}}.dump();
}

}  // namespace airlock
