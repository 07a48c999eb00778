#include "agents/env/acrobot.h"

#include <algorithm>
#include <cmath>

#include "agents/env/saved_state.h"

namespace airlock {
namespace {

constexpr double kStep = 0.2;     // s
constexpr double kLength = 1.0;   // of the first link, m
constexpr double kMass = 1.0;     // of each link, kg
constexpr double kCentre = 0.5;   // of mass, from each link's start, m
constexpr double kInertia = 1.0;  // of each link
constexpr double kGravity = 9.8;
constexpr double kMaxVelocity1 = 4 * M_PI;
constexpr double kMaxVelocity2 = 9 * M_PI;

using State = std::array<double, 4>;

State Derivative(const State& s, double torque) {
  const auto [theta1, theta2, dtheta1, dtheta2] = s;
  const double d1 = kMass * (kCentre * kCentre) +
                    kMass * (kLength * kLength + kCentre * kCentre +
                             2 * kLength * kCentre * std::cos(theta2)) +
                    kInertia + kInertia;
  const double d2 =
      kMass * (kCentre * kCentre + kLength * kCentre * std::cos(theta2)) +
      kInertia;
  const double phi2 =
      kMass * kCentre * kGravity * std::cos(theta1 + theta2 - M_PI / 2.0);
  const double phi1 =
      -kMass * kLength * kCentre * (dtheta2 * dtheta2) * std::sin(theta2) -
      2 * kMass * kLength * kCentre * dtheta2 * dtheta1 * std::sin(theta2) +
      (kMass * kCentre + kMass * kLength) * kGravity *
          std::cos(theta1 - M_PI / 2) +
      phi2;
  const double ddtheta2 =
      (torque + d2 / d1 * phi1 -
       kMass * kLength * kCentre * (dtheta1 * dtheta1) * std::sin(theta2) -
       phi2) /
      (kMass * (kCentre * kCentre) + kInertia - d2 * d2 / d1);
  const double ddtheta1 = -(d2 * ddtheta2 + phi1) / d1;
  return {dtheta1, dtheta2, ddtheta1, ddtheta2};
}

State Moved(const State& from, double by, const State& along) {
  State to;
  for (size_t i = 0; i < to.size(); ++i) to[i] = from[i] + by * along[i];
  return to;
}

double Wrapped(double angle) {
  while (angle > M_PI) angle -= 2 * M_PI;
  while (angle < -M_PI) angle += 2 * M_PI;
  return angle;
}

}  // namespace

const EnvSpec& Acrobot::spec() const {
  static const EnvSpec kSpec = [] {
    EnvSpec spec;
    spec.name = "acrobot";
    spec.observation = {
        {"cos_angle_1", "1", -1, 1},
        {"sin_angle_1", "1", -1, 1},
        {"cos_angle_2", "1", -1, 1},
        {"sin_angle_2", "1", -1, 1},
        {"angular_velocity_1", "rad/s", -kMaxVelocity1, kMaxVelocity1},
        {"angular_velocity_2", "rad/s", -kMaxVelocity2, kMaxVelocity2}};
    spec.action.choices = {3};  // torque -1, 0, 1
    spec.time_limit = 500;
    return spec;
  }();
  return kSpec;
}

void Acrobot::Reset(RngStream random) {
  for (double& value : state_) value = random.Uniform(-0.1, 0.1);
}

Env::Outcome Acrobot::Step(const double* action, double* /*costs*/) {
  const double torque = action[0] - 1;
  const double half = kStep / 2.0;
  const State k1 = Derivative(state_, torque);
  const State k2 = Derivative(Moved(state_, half, k1), torque);
  const State k3 = Derivative(Moved(state_, half, k2), torque);
  const State k4 = Derivative(Moved(state_, kStep, k3), torque);
  for (size_t i = 0; i < state_.size(); ++i) {
    state_[i] =
        state_[i] + kStep / 6.0 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
  }
  state_[0] = Wrapped(state_[0]);
  state_[1] = Wrapped(state_[1]);
  state_[2] = std::clamp(state_[2], -kMaxVelocity1, kMaxVelocity1);
  state_[3] = std::clamp(state_[3], -kMaxVelocity2, kMaxVelocity2);
  Outcome outcome;
  outcome.terminated =
      -std::cos(state_[0]) - std::cos(state_[1] + state_[0]) > 1;
  outcome.reward = outcome.terminated ? 0 : -1;
  return outcome;
}

void Acrobot::Observe(double* observation) const {
  observation[0] = std::cos(state_[0]);
  observation[1] = std::sin(state_[0]);
  observation[2] = std::cos(state_[1]);
  observation[3] = std::sin(state_[1]);
  observation[4] = state_[2];
  observation[5] = state_[3];
}

nlohmann::json Acrobot::Save() const { return SavedNumbers(state_); }

void Acrobot::Load(const nlohmann::json& state) {
  LoadNumbers("acrobot", state, &state_);
}

}  // namespace airlock
