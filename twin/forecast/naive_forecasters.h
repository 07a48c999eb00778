#pragma once

#include <memory>
#include <string>
#include <vector>

#include "twin/forecast/forecaster.h"
#include "twin/forecast/samples.h"

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

// The target of the last season: for t + h the value at t + h - k p, where p is
// the season's length in samples and k the least number of seasons that leads
// to a value known at t (Hyndman and Athanasopoulos, Forecasting: principles
// and practice, 3rd ed., section 5.2). A season of 0 means that there is none:
// it is then persistence.
class SeasonalForecaster : public Forecaster {
 public:
  explicit SeasonalForecaster(int64_t season) : season_(season) {}
  static std::unique_ptr<Forecaster> Load(const std::string& text);

  std::string name() const override { return "seasonal"; }
  int64_t inputs() const override { return 0; }
  double Predict(const double* x, double last_target) const override;
  bool needs_past() const override { return true; }
  int64_t season() const override { return season_; }
  std::string Save() const override;

 private:
  int64_t season_;
};

// What Predict() wants as `last_target` for each row of `table`, which holds
// the rows of one trace: the newest target known, or for a forecaster with a
// season the target one season before the predicted one (more seasons if that
// is unknown, or not known yet at the origin; the newest target if the table
// does not reach back that far).
std::vector<double> PastTargets(const Forecaster& forecaster,
                                const SampleTable& table, int64_t horizon);

}  // namespace airlock
