#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agents/env/env.h"
#include "agents/learn/lagrange.h"
#include "agents/policy/policy.h"
#include "agents/rollout/rollout.h"

namespace airlock {

// What a policy-gradient update maximises.
enum class PolicyObjective {
  kClip,    // Schulman et al. 2017, eq. 7
  kFocops,  // Zhang, Vuong and Ross 2020, eq. 12
};

struct PpoOptions {
  std::vector<int64_t> hidden = {64, 64};  // of actor and critic, each
  Activation activation = Activation::kTanh;
  double learning_rate = 3e-4;
  bool anneal = false;  // learning rate and clip fall to 0 with the steps left
  double gamma = 0.99;
  double lambda = 0.95;  // of the advantages
  int64_t epochs = 10;   // passes over a rollout
  int64_t minibatch = 64;
  double clip = 0.2;
  double entropy_weight = 0;
  double value_weight = 0.5;
  double longest_gradient = 0.5;
  // An update ends early beyond 1.5 times this mean divergence; 0: never.
  double target_divergence = 0;
  bool standardise_advantages = true;
  bool normalise_observations = false;
  bool normalise_rewards = false;
  double log_deviation = 0;  // a Gaussian's at first
  PolicyObjective objective = PolicyObjective::kClip;
  // FOCOPS: temperature lambda and trust region delta.
  double focops_temperature = 1.5;
  double focops_trust = 0.02;
  // Limits of costs' episode sums, each of another cost.
  std::vector<LagrangeOptions> constraints;
};

// Throws InputError that says which option is wrong and what is allowed.
void CheckOptions(const PpoOptions& options, const EnvSpec& spec);

// Which of the environment's costs constraint `c` is about; their number if
// none.
size_t CostColumn(const PpoOptions& options, size_t c, const EnvSpec& spec);

// What an update did, means over its minibatches.
struct PpoProgress {
  double policy_loss = 0;
  double value_loss = 0;
  double entropy = 0;     // nats
  double divergence = 0;  // of the policy before from the one after
  double clipped = 0;     // share of rows beyond the clip
  int64_t epochs = 0;
  std::vector<double> multipliers;  // of the constraints
};

// Proximal policy optimisation of categorical and Gaussian policies (Schulman
// et al. 2017), with costs as in PPO-Lagrangian (Ray et al. 2019; the advantage
// is (A - sum lambda_i A_Ci) / (1 + sum lambda_i)). A critic of its own
// estimates the return and every cost's. Deterministic: one thread, its random
// numbers from the stream "learn/ppo".
class Ppo {
 public:
  // Throws as CheckOptions().
  Ppo(const EnvSpec& spec, const PpoOptions& options, uint64_t seed);
  ~Ppo();
  Ppo(const Ppo&) = delete;
  Ppo& operator=(const Ppo&) = delete;

  // The policy to act with now.
  Policy Acting() const;
  // Learns from what Acting() just met. `done`: share of all steps, 0 to 1.
  // Throws Error where a loss is no longer a number.
  PpoProgress Update(const Rollout& rollout, double done);

  // Networks, optimiser, moments, multipliers and random numbers.
  nlohmann::json Save() const;
  // Throws InputError for what Save() with equal options did not write.
  void Load(const nlohmann::json& state);

 private:
  class Networks;
  std::unique_ptr<Networks> networks_;
};

}  // namespace airlock
