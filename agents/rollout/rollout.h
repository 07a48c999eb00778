#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agents/env/vector_env.h"
#include "agents/policy/policy.h"

namespace airlock {

// What a policy met in `steps` steps of `envs` environments, [step][env][...]
// row-major. d numbers an observation, w an action, k costs, m choices.
struct Rollout {
  int64_t steps = 0;
  int64_t envs = 0;
  std::vector<double> observation;      // d, before the action, as observed
  std::vector<uint8_t> allowed;         // m; empty if not masked
  std::vector<double> action;           // w
  std::vector<double> log_probability;  // as Policy::Sample() says
  std::vector<double> reward;
  std::vector<double> costs;  // k
  std::vector<uint8_t> terminated;
  std::vector<uint8_t> truncated;
  // d, after the action: what the episode ended with where it ended.
  std::vector<double> next_observation;
  std::vector<uint8_t> next_allowed;  // m, likewise; empty if not masked
  // [env]: set where it began anew before this rollout without having ended,
  // because what had been under way was lost; empty: nowhere.
  std::vector<uint8_t> restarted;
  std::vector<EpisodeRecord> episodes;  // that ended, by step, then environment

  int64_t rows() const { return steps * envs; }
};

// Environments with a policy that acts in them. What they live through depends
// on the seed, the policy and the number of environments, not on how many
// processes share the work. Environment i draws its actions from the stream
// "policy/i".
class Actors {
 public:
  virtual ~Actors() = default;

  virtual const EnvSpec& spec() const = 0;
  virtual int64_t envs() const = 0;
  // `steps` steps of every environment. `random_share` as Policy::Sample();
  // `greedy`: its most probable actions, and no random numbers.
  virtual Rollout Run(const Policy& policy, int64_t steps, double random_share,
                      bool greedy) = 0;
  // Episodes that were lost with a process that died.
  virtual int64_t lost_episodes() const { return 0; }
  // How they were lost, a line each, since the last call.
  virtual std::vector<std::string> TakeLosses() { return {}; }
  virtual nlohmann::json Save() = 0;
  // Throws InputError for what Save() of actors of the same kind did not write.
  virtual void Load(const nlohmann::json& state) = 0;
};

struct ActorOptions {
  std::function<std::unique_ptr<Env>()> create;
  int64_t envs = 1;
  uint64_t seed = 1;
  int64_t time_limit = 0;  // 0: the environment's own
};

// In this process.
std::unique_ptr<Actors> LocalActors(const ActorOptions& options);

// In `workers` forked processes, at most one an environment: a message starts a
// rollout and another ends it, none goes to and fro at a step. To be made
// before anything has started a thread; throws Error otherwise. Where a worker
// dies, the episodes that it was in are lost and counted; another takes its
// place with random numbers of its own and the work is asked of it again. From
// then on what is lived through is no longer a matter of the seed alone. Run()
// throws Error if workers die three times without answering.
std::unique_ptr<Actors> ForkedActors(const ActorOptions& options,
                                     int64_t workers);

}  // namespace airlock
