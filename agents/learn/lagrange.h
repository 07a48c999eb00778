#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace airlock {

// The price of a constraint "mean episode cost <= limit", which rises while it
// is broken and falls while it holds; never below 0.
//
// Gradient ascent with Adam (Kingma and Ba 2015) on
//   lambda (J_C - limit)
// as PPO-Lagrangian does it (Ray, Achiam and Amodei 2019), or the controller
//   lambda = (k_p e + k_i I + k_d D)_+,  I = (I + e)_+,
//   D = (C - C_before)_+,  e = J_C - limit
// of Stooke, Achiam and Abbeel (2020), which overshoots less.
struct LagrangeOptions {
  // The cost of the environment whose episode sum is limited; empty: the one
  // at this one's position.
  std::string cost;
  double limit = 0;
  double aim = 1;  // share of the limit that takes its place in the update
  double initial = 0.001;
  double learning_rate = 0.035;
  bool pid = false;
  double proportional = 0.1, integral = 0.01, derivative = 0.01;
  double most = 1e6;
};

class LagrangeMultiplier {
 public:
  explicit LagrangeMultiplier(const LagrangeOptions& options);

  double value() const { return value_; }
  // `mean_cost`: of the episodes that ended since the last call.
  void Update(double mean_cost);

  std::vector<double> State() const;  // for a checkpoint
  void Restore(const std::vector<double>& state);

 private:
  LagrangeOptions options_;
  double value_;
  double first_moment_ = 0, second_moment_ = 0, updates_ = 0;  // Adam's
  double sum_ = 0, cost_before_ = 0;                           // of the PID
};

}  // namespace airlock
