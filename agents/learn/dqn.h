#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agents/env/env.h"
#include "agents/policy/policy.h"
#include "agents/rollout/rollout.h"

namespace airlock {

struct DqnOptions {
  std::vector<int64_t> hidden = {256, 256};
  double learning_rate = 2.5e-4;
  bool anneal = false;  // the learning rate falls to 0 with the steps left
  double gamma = 0.99;
  int64_t capacity = 100000;  // transitions remembered
  int64_t warm_up = 1000;     // of them before the first gradient step
  int64_t batch = 64;
  int64_t train_every = 4;      // steps of all environments together
  int64_t gradient_steps = 1;   // after each
  int64_t target_every = 1000;  // steps between copies to the target network
  double longest_gradient = 10;
  // Share of random actions: falls from the first to the second over this share
  // of all steps.
  double random_first = 1;
  double random_last = 0.05;
  double random_share = 0.1;
  bool double_q = true;  // van Hasselt, Guez and Silver 2016
  bool dueling = false;  // Wang et al. 2016
  // Prioritised replay (Schaul et al. 2016): alpha; beta goes from `beta` to 1.
  double alpha = 0;
  double beta = 0.4;
  int64_t n_step = 1;
};

// Throws InputError that says which option is wrong and what is allowed.
void CheckOptions(const DqnOptions& options, const EnvSpec& spec);

// Means over the gradient steps of an update.
struct DqnProgress {
  double loss = 0;
  double value = 0;  // of the actions taken
  int64_t gradient_steps = 0;
};

// Deep Q-learning (Mnih et al. 2015) of one discrete action, with the Huber
// loss. Deterministic, as Ppo.
class Dqn {
 public:
  // Throws as CheckOptions().
  Dqn(const EnvSpec& spec, const DqnOptions& options, int64_t envs,
      uint64_t seed);
  ~Dqn();
  Dqn(const Dqn&) = delete;
  Dqn& operator=(const Dqn&) = delete;

  // The policy to act with now, greedy; a dueling network is folded into one.
  Policy Acting() const;
  // Share of random actions after `done` of all steps (0 to 1).
  double RandomShare(double done) const;
  // Remembers the rollout and learns.
  DqnProgress Update(const Rollout& rollout, double done);

  // Everything, the memory too.
  nlohmann::json Save() const;
  // Throws InputError for what Save() with equal options did not write.
  void Load(const nlohmann::json& state);

 private:
  class Networks;
  struct Random {
    double first = 0, last = 0, share = 0;
  };
  std::unique_ptr<Networks> networks_;
  Random random_;
};

}  // namespace airlock
