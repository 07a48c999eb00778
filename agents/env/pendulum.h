#pragma once

#include <array>

#include "agents/env/env.h"

namespace airlock {

// Pendulum-v1 of Gymnasium, the task with a continuous action: the same
// double-precision operations in the same order. The reward is minus the cost
// angle^2 + .1 velocity^2 + .001 torque^2; never ends; 200 steps.
class Pendulum : public Env {
 public:
  const EnvSpec& spec() const override;
  void Reset(RngStream random) override;
  Outcome Step(const double* action, double* costs) override;
  void Observe(double* observation) const override;
  nlohmann::json Save() const override;
  void Load(const nlohmann::json& state) override;

 private:
  // rad, 0 is upright; rad/s
  std::array<double, 2> state_ = {};
};

}  // namespace airlock
