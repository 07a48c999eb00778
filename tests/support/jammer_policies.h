#pragma once

#include "agents/learn/dqn.h"
#include "agents/policy/policy.h"

namespace airlock::testing {

// Any channel, each as often.
inline Policy Anywhere(const EnvSpec& spec) {
  MlpLayer layer;
  layer.inputs = static_cast<int64_t>(spec.observation.size());
  layer.outputs = spec.action.all_choices();
  layer.weights.resize(static_cast<size_t>(layer.inputs * layer.outputs));
  layer.bias.resize(static_cast<size_t>(layer.outputs));
  return Policy({spec,
                 Normaliser::Identity(layer.inputs),
                 ActionDistribution::kCategorical,
                 {},
                 Mlp({layer})});
}

// The channel that was occupied in the slot before: who sweeps has left it.
inline Policy WhereItJustWas(const EnvSpec& spec) {
  MlpLayer layer;
  layer.inputs = static_cast<int64_t>(spec.observation.size());
  layer.outputs = layer.inputs;
  layer.weights.resize(static_cast<size_t>(layer.inputs * layer.outputs));
  layer.bias.resize(static_cast<size_t>(layer.outputs));
  for (int64_t i = 0; i < layer.inputs; ++i) {
    layer.weights[static_cast<size_t>(i * layer.inputs + i)] = 1;
  }
  return Policy({spec,
                 Normaliser::Identity(layer.inputs),
                 ActionDistribution::kGreedy,
                 {},
                 Mlp({layer})});
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
