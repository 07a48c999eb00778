#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agents/env/env.h"
#include "agents/policy/policy.h"
#include "agents/rollout/rollout.h"

namespace airlock {

struct SacOptions {
  std::vector<int64_t> hidden = {256, 256};  // of actor and critics, each
  double learning_rate = 3e-4;
  double gamma = 0.99;
  double tau = 0.005;  // share of the critics that goes to their targets
  int64_t capacity = 1000000;
  int64_t warm_up = 1000;  // transitions before the first gradient step
  int64_t batch = 256;
  int64_t train_every = 1;
  int64_t gradient_steps = 1;
  int64_t n_step = 1;
  // Entropy that the temperature is steered to, nats: in continuous actions of
  // the box scaled to -1 ... 1. 0 chooses -width, or 0.98 ln(choices).
  double target_entropy = 0;
};

// Throws InputError that says which option is wrong and what is allowed.
void CheckOptions(const SacOptions& options, const EnvSpec& spec);

// Means over the gradient steps of an update.
struct SacProgress {
  double critic_loss = 0;
  double actor_loss = 0;
  double entropy = 0;      // nats
  double temperature = 0;  // at the end
  int64_t gradient_steps = 0;
};

// Soft actor-critic with two critics and a learnt temperature (Haarnoja et al.
// 2018): of a box, or of one discrete action (Christodoulou 2019).
// Deterministic, as Ppo.
class Sac {
 public:
  // Throws as CheckOptions().
  Sac(const EnvSpec& spec, const SacOptions& options, int64_t envs,
      uint64_t seed);
  ~Sac();
  Sac(const Sac&) = delete;
  Sac& operator=(const Sac&) = delete;

  // The policy to act with now.
  Policy Acting() const;
  // Remembers the rollout and learns.
  SacProgress Update(const Rollout& rollout);

  // Everything, the memory too.
  nlohmann::json Save() const;
  // Throws InputError for what Save() with equal options did not write.
  void Load(const nlohmann::json& state);

 private:
  class Networks;
  std::unique_ptr<Networks> networks_;
};

}  // namespace airlock
