#pragma once

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

}  // namespace airlock::testing
