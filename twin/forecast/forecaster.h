#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace airlock {

// A fitted predictor of a target from standardised features: what a node runs.
// It owns what was learnt and never changes; how it was learnt is the matter of
// twin/pipeline/trainer.h. The choice of features, their scale and the file are
// ForecastModel's (model.h).
class Forecaster {
 public:
  virtual ~Forecaster() = default;

  // The row of Forecasters() that loads what Save() writes.
  virtual std::string name() const = 0;
  // How many values of `x` Predict() may read: no more than the training had.
  virtual int64_t inputs() const = 0;
  // One prediction, in the target's unit, from inputs() standardised features
  // without NaN. `last_target` is the newest target known, or with a season()
  // the target as many samples before the one that is predicted; NaN where that
  // is not available: a forecaster that needs it then throws InputError.
  virtual double Predict(const double* x, double last_target) const = 0;
  // Whether Predict() uses `last_target`.
  virtual bool needs_past() const { return false; }
  // 0, or the season's length in samples.
  virtual int64_t season() const { return 0; }
  // What a prediction takes at most: visits of tree nodes, and multiply-adds,
  // eight of which take as long as a visit.
  virtual int64_t operations() const { return (inputs() + 7) / 8; }
  // What was learnt as JSON text: what is loaded from it predicts the same
  // bits.
  virtual std::string Save() const = 0;
};

// How long a prediction takes on a processor of today, from its operations: 4 ns
// each, in microseconds. Unlike a measured time it is the same in every run, so
// a choice may depend on it; the benchmark of the models prints both.
double EstimatedMicroseconds(const Forecaster& forecaster);

// A row of the table of forecasters.
struct ForecasterEntry {
  const char* name;
  // Throws InputError for a text that Save() of this kind has not written.
  std::unique_ptr<Forecaster> (*load)(const std::string& text);
  const char* description;  // one line
};
const std::vector<ForecasterEntry>& Forecasters();

// Throws InputError naming the known forecasters if there is none of the name.
std::unique_ptr<Forecaster> LoadForecaster(const std::string& name,
                                           const std::string& text);

}  // namespace airlock
