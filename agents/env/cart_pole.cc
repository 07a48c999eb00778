#include "agents/env/cart_pole.h"

#include <cmath>
#include <limits>

#include "agents/env/saved_state.h"

namespace airlock {
namespace {

constexpr double kGravity = 9.8;
constexpr double kMassCart = 1.0;
constexpr double kMassPole = 0.1;
constexpr double kTotalMass = kMassPole + kMassCart;
constexpr double kLength = 0.5;  // half the pole's
constexpr double kPoleMassLength = kMassPole * kLength;
constexpr double kForce = 10.0;
constexpr double kTau = 0.02;  // s
constexpr double kLimitAngle = 12 * 2 * M_PI / 360;
constexpr double kLimitPosition = 2.4;

}  // namespace

const EnvSpec& CartPole::spec() const {
  static const EnvSpec kSpec = [] {
    const double inf = std::numeric_limits<double>::infinity();
    EnvSpec spec;
    spec.name = "cart-pole";
    spec.observation = {
        {"position", "m", -2 * kLimitPosition, 2 * kLimitPosition},
        {"velocity", "m/s", -inf, inf},
        {"angle", "rad", -2 * kLimitAngle, 2 * kLimitAngle},
        {"angular_velocity", "rad/s", -inf, inf}};
    spec.action.choices = {2};
    spec.time_limit = 500;
    return spec;
  }();
  return kSpec;
}

void CartPole::Reset(RngStream random) {
  for (double& value : state_) value = random.Uniform(-0.05, 0.05);
}

Env::Outcome CartPole::Step(const double* action, double* /*costs*/) {
  auto& [x, x_dot, theta, theta_dot] = state_;
  const double force = action[0] == 1 ? kForce : -kForce;
  const double cosine = std::cos(theta);
  const double sine = std::sin(theta);
  const double temp =
      (force + kPoleMassLength * (theta_dot * theta_dot) * sine) / kTotalMass;
  const double theta_acc =
      (kGravity * sine - cosine * temp) /
      (kLength * (4.0 / 3.0 - kMassPole * (cosine * cosine) / kTotalMass));
  const double x_acc = temp - kPoleMassLength * theta_acc * cosine / kTotalMass;
  x = x + kTau * x_dot;
  x_dot = x_dot + kTau * x_acc;
  theta = theta + kTau * theta_dot;
  theta_dot = theta_dot + kTau * theta_acc;
  Outcome outcome;
  outcome.reward = 1;
  outcome.terminated = x < -kLimitPosition || x > kLimitPosition ||
                       theta < -kLimitAngle || theta > kLimitAngle;
  return outcome;
}

void CartPole::Observe(double* observation) const {
  std::copy(state_.begin(), state_.end(), observation);
}

nlohmann::json CartPole::Save() const { return SavedNumbers(state_); }

void CartPole::Load(const nlohmann::json& state) {
  LoadNumbers("cart-pole", state, &state_);
}

}  // namespace airlock
