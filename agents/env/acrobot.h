#pragma once

#include <array>

#include "agents/env/env.h"

namespace airlock {

// Acrobot-v1 of Gymnasium (Sutton 1996; the equations of Sutton and Barto's
// book, one Runge-Kutta step of 0.2 s an action): the same double-precision
// operations in the same order. Reward -1 a step and 0 for the last; ends when
// the tip is a link's length above the axis; 500 steps.
class Acrobot : public Env {
 public:
  const EnvSpec& spec() const override;
  void Reset(RngStream random) override;
  Outcome Step(const double* action, double* costs) override;
  void Observe(double* observation) const override;
  nlohmann::json Save() const override;
  void Load(const nlohmann::json& state) override;

 private:
  // rad, rad, rad/s, rad/s
  std::array<double, 4> state_ = {};
};

}  // namespace airlock
