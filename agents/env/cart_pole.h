#pragma once

#include <array>

#include "agents/env/env.h"

namespace airlock {

// CartPole-v1 of Gymnasium (Barto, Sutton and Anderson 1983, with the equations
// of Florian 2007, integrated by Euler's method): the same double-precision
// operations in the same order, so equal states and actions give equal states.
// Reward 1 a step, also the last; ends beyond 2.4 m or 12 degrees; 500 steps.
class CartPole : public Env {
 public:
  const EnvSpec& spec() const override;
  void Reset(RngStream random) override;
  Outcome Step(const double* action, double* costs) override;
  void Observe(double* observation) const override;
  nlohmann::json Save() const override;
  void Load(const nlohmann::json& state) override;

 private:
  // m, m/s, rad, rad/s
  std::array<double, 4> state_ = {};
};

}  // namespace airlock
