#include "agents/env/pendulum.h"

#include <algorithm>
#include <cmath>

#include "agents/env/saved_state.h"

namespace airlock {
namespace {

constexpr double kMaxVelocity = 8;  // rad/s
constexpr double kMaxTorque = 2;    // N m
constexpr double kStep = 0.05;      // s
constexpr double kGravity = 10.0;
constexpr double kMass = 1.0;
constexpr double kLength = 1.0;

// Python's %: the sign of the divisor.
double Modulo(double x, double y) {
  const double rest = std::fmod(x, y);
  return rest < 0 ? rest + y : rest;
}

double Normalised(double angle) {
  return Modulo(angle + M_PI, 2 * M_PI) - M_PI;
}

}  // namespace

const EnvSpec& Pendulum::spec() const {
  static const EnvSpec kSpec = [] {
    EnvSpec spec;
    spec.name = "pendulum";
    spec.observation = {
        {"cos_angle", "1", -1, 1},
        {"sin_angle", "1", -1, 1},
        {"angular_velocity", "rad/s", -kMaxVelocity, kMaxVelocity}};
    spec.action.fields = {{"torque", "N m", -kMaxTorque, kMaxTorque}};
    spec.time_limit = 200;
    return spec;
  }();
  return kSpec;
}

void Pendulum::Reset(RngStream random) {
  state_[0] = random.Uniform(-M_PI, M_PI);
  state_[1] = random.Uniform(-1, 1);
}

Env::Outcome Pendulum::Step(const double* action, double* /*costs*/) {
  const auto [theta, velocity] = state_;
  const double torque = std::clamp(action[0], -kMaxTorque, kMaxTorque);
  const double angle = Normalised(theta);
  Outcome outcome;
  outcome.reward = -(angle * angle + 0.1 * (velocity * velocity) +
                     0.001 * (torque * torque));
  const double next =
      velocity + (3 * kGravity / (2 * kLength) * std::sin(theta) +
                  3.0 / (kMass * (kLength * kLength)) * torque) *
                     kStep;
  state_[1] = std::clamp(next, -kMaxVelocity, kMaxVelocity);
  state_[0] = theta + state_[1] * kStep;
  return outcome;
}

void Pendulum::Observe(double* observation) const {
  observation[0] = std::cos(state_[0]);
  observation[1] = std::sin(state_[0]);
  observation[2] = state_[1];
}

nlohmann::json Pendulum::Save() const { return SavedNumbers(state_); }

void Pendulum::Load(const nlohmann::json& state) {
  LoadNumbers("pendulum", state, &state_);
}

}  // namespace airlock
