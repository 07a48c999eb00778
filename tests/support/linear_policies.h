#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "agents/policy/policy.h"

namespace airlock::testing {

// One layer on what is observed as it is; `weights` [choices][observation],
// `bias` [choices].
inline Policy LinearPolicy(const EnvSpec& spec, ActionDistribution distribution,
                           std::vector<double> weights,
                           std::vector<double> bias) {
  MlpLayer layer;
  layer.inputs = static_cast<int64_t>(spec.observation.size());
  layer.outputs = static_cast<int64_t>(bias.size());
  layer.weights = std::move(weights);
  layer.bias = std::move(bias);
  return Policy({spec,
                 Normaliser::Identity(layer.inputs),
                 distribution,
                 {},
                 Mlp({layer})});
}

// Any choice that is allowed, each as often, but for the first choice of the
// first head, which it prefers by `preference` (a logit).
inline Policy Uniform(const EnvSpec& spec, double preference = 0) {
  const auto choices = static_cast<size_t>(spec.action.all_choices());
  std::vector<double> bias(choices);
  bias[0] = preference;
  return LinearPolicy(spec, ActionDistribution::kCategorical,
                      std::vector<double>(spec.observation.size() * choices),
                      std::move(bias));
}

}  // namespace airlock::testing
