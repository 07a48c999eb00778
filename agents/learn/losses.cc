#include "agents/learn/losses.h"

#include <fmt/format.h>

#include <cmath>

#include "sim/base/error.h"

namespace airlock {

void RequireFinite(const at::Tensor& loss, double learning_rate) {
  const double value = loss.item<double>();
  if (std::isfinite(value)) return;
  throw Error(fmt::format("the loss is {}; lower learning_rate ({})", value,
                          learning_rate));
}

at::Tensor Masked(const at::Tensor& values, const at::Tensor& allowed) {
  return allowed.defined() ? at::where(allowed, values, kImpossible) : values;
}

at::Tensor ClippedPolicyLoss(const at::Tensor& ratio,
                             const at::Tensor& advantage, double clip) {
  return -at::min(ratio * advantage,
                  ratio.clamp(1 - clip, 1 + clip) * advantage)
              .mean();
}

at::Tensor FocopsLoss(const at::Tensor& ratio, const at::Tensor& advantage,
                      const at::Tensor& divergence, double temperature,
                      double trust) {
  const at::Tensor inside = (divergence.detach() <= trust).to(at::kDouble);
  return ((divergence - ratio * advantage / temperature) * inside).mean();
}

at::Tensor DuelingValues(const at::Tensor& outputs) {
  const at::Tensor advantage = outputs.slice(1, 1);
  return outputs.slice(1, 0, 1) + advantage - advantage.mean(1, true);
}

at::Tensor QTargets(const at::Tensor& reward, const at::Tensor& discount,
                    const at::Tensor& target_values,
                    const at::Tensor& online_values,
                    const at::Tensor& allowed) {
  const at::Tensor values = Masked(target_values, allowed);
  const at::Tensor best =
      online_values.defined()
          ? values.gather(1, Masked(online_values, allowed).argmax(1, true))
                .squeeze(1)
          : values.amax(1);
  return reward + discount * best;
}

at::Tensor SoftValueOfSample(const at::Tensor& values,
                             const at::Tensor& log_probability,
                             double temperature) {
  return values.amin(0).squeeze(1) - temperature * log_probability;
}

at::Tensor SoftValueOfChoices(const at::Tensor& values,
                              const at::Tensor& log_probability,
                              double temperature) {
  return (log_probability.exp() *
          (values.amin(0) - temperature * log_probability))
      .sum(1);
}

at::Tensor SquashedLogDensity(const at::Tensor& u, const at::Tensor& z,
                              const at::Tensor& log_deviation) {
  // ln(1 - tanh(u)^2) = 2 (ln 2 - u - softplus(-2 u))
  const at::Tensor slope = 2 * (std::log(2.0) - u - at::softplus(-2 * u));
  return (-0.5 * z.square() - 0.5 * std::log(2 * M_PI) - log_deviation - slope)
      .sum(1);
}

}  // namespace airlock
