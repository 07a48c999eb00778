#pragma once

#include <string>
#include <vector>

#include "sim/engine/simulation.h"
#include "sim/scenario/balancer_config.h"

namespace airlock {

inline constexpr double kMostWeight = 2;

// "server.NAME.weight".
std::string WeightSetting(const std::string& server);

// `weights` (one a server) with what `action` sets of them. Throws InputError
// for a setting that a pool does not have, a weight out of [0, 2], or weights
// that are all 0.
std::vector<double> WithWeights(const BalancerConfig& balancer,
                                const Action& action,
                                std::vector<double> weights);

}  // namespace airlock
