#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agents/policy/mlp.h"
#include "twin/forecast/forecaster.h"

namespace airlock {

// The mean of one or more perceptrons. Features beyond `limit` standard
// deviations from their training mean count as at the limit: what a network
// says far from where it was trained is arbitrary. Not to be used by two
// threads at once.
class MlpForecaster : public Forecaster {
 public:
  // Every member has one output and equally many inputs; throws InputError
  // otherwise, or if there is no member, or the limit is not positive.
  MlpForecaster(std::vector<Mlp> members, double limit);
  static std::unique_ptr<Forecaster> Load(const std::string& text);

  std::string name() const override { return "mlp"; }
  int64_t inputs() const override { return members_.front().inputs(); }
  double Predict(const double* x, double last_target) const override;
  int64_t operations() const override;
  std::string Save() const override;

  const std::vector<Mlp>& members() const { return members_; }

 private:
  std::vector<Mlp> members_;
  double limit_;
  mutable std::vector<double> limited_;  // a prediction's inputs
  mutable std::vector<double> scratch_;
};

}  // namespace airlock
