#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "twin/forecast/samples.h"

namespace airlock {

// How a forecaster is made. `parameters` overrides the documented defaults of
// that forecaster; an unknown name or a value out of range is an InputError
// that lists the known ones.
struct ForecasterOptions {
  uint64_t seed = 1;
  std::map<std::string, double> parameters;
};

// Learns a target from standardised features. Owns its parameters only: the
// choice of features, their scale and the file are ForecastModel's (model.h).
class Forecaster {
 public:
  virtual ~Forecaster() = default;

  virtual std::string name() const = 0;
  // Replaces what was learnt before. `training` has no NaN in x and y, and at
  // least one row.
  virtual void Fit(const SampleTable& training) = 0;
  // One prediction, in the target's unit. `x` has as many values as the
  // training had columns. `last_target` is NaN where the target's past is not
  // available; a forecaster that needs it then throws InputError.
  virtual double Predict(const double* x, double last_target) const = 0;
  // What was learnt, as JSON text that Load() restores: predictions are then
  // bit-identical. Load throws InputError for a text that is not its own.
  virtual std::string Save() const = 0;
  virtual void Load(const std::string& text) = 0;
};

// A row of the table of forecasters: constant, persistence, linear, xgboost.
struct ForecasterEntry {
  const char* name;
  std::unique_ptr<Forecaster> (*make)(const ForecasterOptions&);
  const char* description;  // one line
};
const std::vector<ForecasterEntry>& Forecasters();

// Throws InputError naming the known forecasters if there is none of the name.
std::unique_ptr<Forecaster> MakeForecaster(const std::string& name,
                                           const ForecasterOptions& options);

}  // namespace airlock
