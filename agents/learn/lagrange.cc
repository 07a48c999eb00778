#include "agents/learn/lagrange.h"

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"

namespace airlock {

LagrangeMultiplier::LagrangeMultiplier(const LagrangeOptions& options)
    : options_(options), value_(options.initial) {
  AIRLOCK_CHECK(options.initial >= 0);
}

void LagrangeMultiplier::Update(double mean_cost) {
  const double error = mean_cost - options_.aim * options_.limit;
  ++updates_;
  if (options_.pid) {
    sum_ = std::max(0.0, sum_ + error);
    const double rise =
        updates_ > 1 ? std::max(0.0, mean_cost - cost_before_) : 0;
    cost_before_ = mean_cost;
    value_ = options_.proportional * error + options_.integral * sum_ +
             options_.derivative * rise;
  } else {
    constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kEpsilon = 1e-8;
    first_moment_ = kBeta1 * first_moment_ + (1 - kBeta1) * error;
    second_moment_ = kBeta2 * second_moment_ + (1 - kBeta2) * error * error;
    const double m = first_moment_ / (1 - std::pow(kBeta1, updates_));
    const double v = second_moment_ / (1 - std::pow(kBeta2, updates_));
    value_ += options_.learning_rate * m / (std::sqrt(v) + kEpsilon);
  }
  value_ = std::clamp(value_, 0.0, options_.most);
}

std::vector<double> LagrangeMultiplier::State() const {
  return {value_, first_moment_, second_moment_, updates_, sum_, cost_before_};
}

void LagrangeMultiplier::Restore(const std::vector<double>& state) {
  AIRLOCK_CHECK(state.size() == 6);
  value_ = state[0];
  first_moment_ = state[1];
  second_moment_ = state[2];
  updates_ = state[3];
  sum_ = state[4];
  cost_before_ = state[5];
}

}  // namespace airlock
