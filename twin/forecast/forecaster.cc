#include "twin/forecast/forecaster.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/base/json.h"
#include "twin/forecast/learners.h"
#include "twin/forecast/parameters.h"

namespace airlock {
namespace {

using nlohmann::json;

// The mean of the training's target: the least that a model has to beat.
class ConstantForecaster : public Forecaster {
 public:
  explicit ConstantForecaster(const ForecasterOptions& options) {
    const auto parameters = ResolveParameters("constant", {{"median", 0, 0, 1}},
                                              options.parameters);
    median_ = parameters.at("median") != 0;
  }
  std::string name() const override { return "constant"; }
  void Fit(const SampleTable& training) override {
    std::vector<double> y = training.y;
    if (median_) {
      std::sort(y.begin(), y.end());
      value_ = (y[(y.size() - 1) / 2] + y[y.size() / 2]) / 2;
      return;
    }
    double sum = 0;
    for (const double value : y) sum += value;
    value_ = sum / static_cast<double>(y.size());
  }
  double Predict(const double*, double) const override { return value_; }
  std::string Save() const override { return json{{"value", value_}}.dump(); }
  void Load(const std::string& text) override {
    value_ = ParseLearned(text, "constant", [](const json& learned) {
      return learned.at("value").get<double>();
    });
  }

 private:
  template <typename Read>
  static double ParseLearned(const std::string& text, const char* name,
                             Read read) {
    try {
      return read(json::parse(text));
    } catch (const json::exception& e) {
      throw InputError(fmt::format("forecaster {}: not its parameters: {}",
                                   name, CauseOf(e)));
    }
  }

  bool median_ = false;
  double value_ = 0;
};

// The newest observed target.
class PersistenceForecaster : public Forecaster {
 public:
  explicit PersistenceForecaster(const ForecasterOptions& options) {
    ResolveParameters("persistence", {}, options.parameters);
  }
  std::string name() const override { return "persistence"; }
  void Fit(const SampleTable&) override {}
  double Predict(const double*, double last_target) const override {
    if (std::isnan(last_target)) {
      throw InputError(
          "forecaster persistence: the target's past is not available");
    }
    return last_target;
  }
  std::string Save() const override { return "{}"; }
  void Load(const std::string&) override {}
};

template <typename T>
std::unique_ptr<Forecaster> Make(const ForecasterOptions& options) {
  return std::make_unique<T>(options);
}

}  // namespace

std::map<std::string, double> ResolveParameters(
    const std::string& forecaster,
    const std::vector<ForecasterParameter>& known,
    const std::map<std::string, double>& given) {
  std::map<std::string, double> resolved;
  std::string names;
  for (const ForecasterParameter& parameter : known) {
    resolved[parameter.name] = parameter.value;
    names +=
        names.empty() ? parameter.name : fmt::format(", {}", parameter.name);
  }
  for (const auto& [name, value] : given) {
    const auto found = std::find_if(known.begin(), known.end(),
                                    [&name = name](const auto& parameter) {
                                      return parameter.name == name;
                                    });
    if (found == known.end()) {
      throw InputError(
          fmt::format("forecaster {}: unknown parameter '{}'; known: {}",
                      forecaster, name, names.empty() ? "none" : names));
    }
    if (!(value >= found->minimum && value <= found->maximum)) {
      throw InputError(
          fmt::format("forecaster {}: {} = {} must lie within {} and {}",
                      forecaster, name, value, found->minimum, found->maximum));
    }
    resolved[name] = value;
  }
  return resolved;
}

const std::vector<ForecasterEntry>& Forecasters() {
  static const std::vector<ForecasterEntry> kTable = {
      {"constant", Make<ConstantForecaster>,
       "the training target's mean (median=1: its median)"},
      {"persistence", Make<PersistenceForecaster>,
       "the newest observed target"},
      {"linear", MakeLinearForecaster,
       "least squares with a slight ridge (ridge=0.001)"},
      {"xgboost", MakeXgboostForecaster,
       "gradient-boosted trees, histogram method (rounds=200, depth=4, "
       "eta=0.1)"},
  };
  return kTable;
}

std::unique_ptr<Forecaster> MakeForecaster(const std::string& name,
                                           const ForecasterOptions& options) {
  std::string known;
  for (const ForecasterEntry& entry : Forecasters()) {
    if (entry.name == name) return entry.make(options);
    known += known.empty() ? entry.name : fmt::format(", {}", entry.name);
  }
  throw InputError(fmt::format("no forecaster '{}'; known: {}", name, known));
}

}  // namespace airlock
