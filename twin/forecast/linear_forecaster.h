#pragma once

#include <memory>
#include <string>
#include <vector>

#include "twin/forecast/forecaster.h"

namespace airlock {

// intercept + weights . x
class LinearForecaster : public Forecaster {
 public:
  LinearForecaster(double intercept, std::vector<double> weights)
      : intercept_(intercept), weights_(std::move(weights)) {}
  static std::unique_ptr<Forecaster> Load(const std::string& text);

  std::string name() const override { return "linear"; }
  int64_t inputs() const override {
    return static_cast<int64_t>(weights_.size());
  }
  double Predict(const double* x, double last_target) const override;
  std::string Save() const override;

 private:
  double intercept_;
  std::vector<double> weights_;
};

}  // namespace airlock
