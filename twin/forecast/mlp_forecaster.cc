#include "twin/forecast/mlp_forecaster.h"

#include <algorithm>

#include "twin/forecast/learned_json.h"

namespace airlock {

using nlohmann::json;

MlpForecaster::MlpForecaster(std::vector<Mlp> members, double limit)
    : members_(std::move(members)), limit_(limit) {
  if (members_.empty()) throw InputError("forecaster mlp: no network");
  if (!(limit_ > 0)) {
    throw InputError(
        fmt::format("forecaster mlp: limit {} must be above 0", limit_));
  }
  int64_t scratch = 0;
  for (const Mlp& mlp : members_) {
    if (mlp.inputs() != inputs() || mlp.outputs() != 1) {
      throw InputError(fmt::format(
          "forecaster mlp: a network of {} inputs and {} outputs among those "
          "of {} and 1",
          mlp.inputs(), mlp.outputs(), inputs()));
    }
    scratch = std::max(scratch, mlp.scratch_size());
  }
  limited_.resize(static_cast<size_t>(inputs()));
  scratch_.resize(static_cast<size_t>(scratch));
}

std::unique_ptr<Forecaster> MlpForecaster::Load(const std::string& text) {
  return ParseLearned("mlp", text, [](const json& learned) {
    std::vector<Mlp> members;
    for (const json& member : learned.at("members")) {
      members.push_back(Mlp::FromJson(member));
    }
    return std::make_unique<MlpForecaster>(std::move(members),
                                           learned.at("limit").get<double>());
  });
}

double MlpForecaster::Predict(const double* x, double) const {
  for (size_t i = 0; i < limited_.size(); ++i) {
    limited_[i] = std::clamp(x[i], -limit_, limit_);
  }
  double sum = 0;
  for (const Mlp& mlp : members_) {
    double y = 0;
    mlp.Evaluate(limited_.data(), &y, scratch_.data());
    sum += y;
  }
  return sum / static_cast<double>(members_.size());
}

int64_t MlpForecaster::operations() const {
  int64_t operations = 0;
  for (const Mlp& mlp : members_) operations += mlp.weights();
  return (operations + 7) / 8;
}

std::string MlpForecaster::Save() const {
  json members = json::array();
  for (const Mlp& mlp : members_) members.push_back(mlp.ToJson());
  return json{{"members", std::move(members)}, {"limit", limit_}}.dump();
}

}  // namespace airlock
