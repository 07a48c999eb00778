#pragma once

#include <memory>
#include <string>
#include <vector>

#include "twin/forecast/forecaster.h"

namespace airlock {

// intercept + sum of weight * part's prediction. Owns its parts.
class WeightedSum : public Forecaster {
 public:
  struct Part {
    double weight = 1;
    std::unique_ptr<Forecaster> forecaster;  // without a season
  };

  WeightedSum(double intercept, std::vector<Part> parts);
  static std::unique_ptr<Forecaster> Load(const std::string& text);

  std::string name() const override { return "sum"; }
  int64_t inputs() const override;
  double Predict(const double* x, double last_target) const override;
  bool needs_past() const override;
  int64_t operations() const override;
  std::string Save() const override;

  const std::vector<Part>& parts() const { return parts_; }

 private:
  double intercept_;
  std::vector<Part> parts_;
};

}  // namespace airlock
