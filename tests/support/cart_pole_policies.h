#pragma once

#include <utility>
#include <vector>

#include "agents/env/cart_pole.h"
#include "agents/rollout/rollout.h"
#include "tests/support/linear_policies.h"

// Bounds of what is to be learnt on CartPole-v1.
namespace airlock::testing {

// Pushes right where weights times (position, velocity, angle, angular
// velocity) are above 0. All 0: an even choice, sampled.
inline Policy LinearCartPolePolicy(const std::vector<double>& weights) {
  std::vector<double> both;
  for (const double w : weights) both.push_back(-w);
  both.insert(both.end(), weights.begin(), weights.end());
  return LinearPolicy(CartPole().spec(), ActionDistribution::kCategorical,
                      std::move(both), {0, 0});
}

// Signs and sizes as those of a linear-quadratic regulator: leans against the
// angle, its speed, and slowly against the place. Keeps the pole up.
inline Policy HandPolicy() { return LinearCartPolePolicy({0.1, 0.3, 3, 1}); }

// The mean return of `episodes` episodes of random actions.
inline double RandomCartPoleReturn(int64_t episodes) {
  ActorOptions options;
  options.create = [] { return std::make_unique<CartPole>(); };
  options.envs = episodes;
  options.seed = 17;
  const auto actors = LocalActors(options);
  double sum = 0;
  for (int64_t left = episodes; left > 0;) {
    const Policy policy = LinearCartPolePolicy({0, 0, 0, 0});
    for (const auto& one : actors->Run(policy, 50, 0, false).episodes) {
      if (one.episode > 0) continue;
      sum += one.reward;
      --left;
    }
  }
  return sum / static_cast<double>(episodes);
}

}  // namespace airlock::testing
