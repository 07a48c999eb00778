#pragma once

#include "agents/learn/dqn.h"
#include "tests/support/linear_policies.h"

namespace airlock::testing {

// The channel that was occupied in the slot before: who sweeps has left it.
inline Policy WhereItJustWas(const EnvSpec& spec) {
  const size_t channels = spec.observation.size();
  std::vector<double> weights(channels * channels);
  for (size_t i = 0; i < channels; ++i) weights[i * channels + i] = 1;
  return LinearPolicy(spec, ActionDistribution::kGreedy, std::move(weights),
                      std::vector<double>(channels));
}

// Learns the task in 8000 steps of one environment.
inline DqnOptions JammerDqn() {
  DqnOptions options;
  options.hidden = {32};
  options.learning_rate = 2e-3;
  options.gamma = 0.5;
  options.capacity = 8000;
  options.warm_up = 200;
  options.batch = 64;
  options.train_every = 20;
  options.gradient_steps = 10;
  options.target_every = 200;
  options.random_share = 0.5;
  options.random_last = 0.01;
  return options;
}

}  // namespace airlock::testing
