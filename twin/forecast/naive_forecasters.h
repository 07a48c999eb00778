#pragma once

#include <memory>
#include <string>

#include "twin/forecast/forecaster.h"

namespace airlock {

// One value for every sample: the least that a model has to beat.
class ConstantForecaster : public Forecaster {
 public:
  explicit ConstantForecaster(double value) : value_(value) {}
  static std::unique_ptr<Forecaster> Load(const std::string& text);

  std::string name() const override { return "constant"; }
  int64_t inputs() const override { return 0; }
  double Predict(const double*, double) const override { return value_; }
  std::string Save() const override;

 private:
  double value_;
};

// The newest observed target.
class PersistenceForecaster : public Forecaster {
 public:
  static std::unique_ptr<Forecaster> Load(const std::string& text);

  std::string name() const override { return "persistence"; }
  int64_t inputs() const override { return 0; }
  double Predict(const double* x, double last_target) const override;
  bool needs_past() const override { return true; }
  std::string Save() const override { return "{}"; }
};

}  // namespace airlock
