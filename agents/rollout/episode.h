#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "agents/rollout/rollout.h"

namespace airlock {

// One episode and who acts in it.
struct EpisodePlace {
  int64_t env = 0;  // its environment's number
  int64_t episode = 0;
  uint64_t seed = 1;
  int64_t time_limit = 0;  // steps; 0: none
  uint64_t drawn = 0;      // position in the stream that actions come from
};

// An episode of one environment in which a policy acts, for environments that
// live through one episode a process. Its random numbers are those that
// VectorEnv and LocalActors would give it, so it is bit by bit the same.
class Episode {
 public:
  // Starts it.
  Episode(std::unique_ptr<Env> env, const EpisodePlace& place);

  // Takes the given actions ([step][width]), as those before were taken,
  // without a policy. Throws InputError where the episode ends before them.
  void Repeat(const std::vector<double>& actions);

  // `steps` more steps, fewer where it ends: then `episodes` holds its record.
  // Throws Error naming environment, episode and step for a reward, cost or
  // observation that is not finite, InputError for a policy of another layout.
  Rollout Advance(const Policy& policy, int64_t steps, double random_share,
                  bool greedy);

  bool ended() const { return ended_; }
  uint64_t drawn() const { return actions_.position(); }

 private:
  struct Outcome {
    Env::Outcome env;
    bool truncated = false;
  };
  // Its costs are added to the record and left in costs_.
  Outcome Take(const double* action);
  void Observe();

  std::unique_ptr<Env> env_;
  EpisodePlace place_;
  RngStream actions_;
  EpisodeRecord record_;
  bool ended_ = false;
  std::vector<double> observation_;  // the present one
  std::vector<uint8_t> allowed_;
  std::vector<double> costs_;
};

}  // namespace airlock
