#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agents/env/env.h"

namespace airlock {

// What `count` environments showed at a step, row-major, a row an environment.
// d numbers an observation, k costs, m choices (ActionSpace::all_choices()).
struct VectorStep {
  std::vector<double> observation;  // [count][d]; after an end, the new start
  std::vector<uint8_t> allowed;     // [count][m]; empty if not masked
  std::vector<double> reward;       // [count]
  std::vector<double> costs;        // [count][k]
  std::vector<uint8_t> terminated;  // [count]
  std::vector<uint8_t> truncated;   // [count]; never both
  // [count][d]: where an episode ended here, the observation it ended with,
  // from which a truncated one has its value estimated; elsewhere as before.
  std::vector<double> last_observation;
  std::vector<uint8_t> last_allowed;  // [count][m], likewise
};

// An episode that has ended.
struct EpisodeRecord {
  int64_t env = 0;      // its environment's number
  int64_t episode = 0;  // of that environment, from 0
  int64_t steps = 0;
  double reward = 0;  // sum
  std::vector<double> costs;
  bool truncated = false;
  int64_t ended_at = 0;  // steps of the VectorEnv until then
};

// Environments that advance together. Adds what an Env does not know: time
// limits, new episodes after an end, and which random numbers an episode gets:
// those of stream "env/NUMBER" and the episode's number as replication. So
// environment 7 lives the same life whichever process it is in, given the same
// actions.
class VectorEnv {
 public:
  // Environments `first` ... `first + count - 1`. A `time_limit` of 0 is the
  // spec's.
  VectorEnv(const std::function<std::unique_ptr<Env>()>& create, int64_t first,
            int64_t count, uint64_t seed, int64_t time_limit = 0);

  const EnvSpec& spec() const { return envs_.front()->spec(); }
  int64_t count() const { return static_cast<int64_t>(envs_.size()); }
  int64_t time_limit() const { return time_limit_; }
  int64_t first() const { return first_; }

  // The present observations; at first those of the starts.
  const VectorStep& now() const { return now_; }
  // `actions`: [count][width]. Throws Error naming environment, episode and
  // step for a reward, cost or observation that is not finite and where no
  // choice of a head is allowed; where it threw, nothing but Load() may follow.
  // The constructor throws likewise for the first observations.
  const VectorStep& Step(const std::vector<double>& actions);
  // The episodes that ended since the previous call, in the order of steps,
  // then of environments.
  std::vector<EpisodeRecord> TakeEpisodes();

  // Everything, so that one that loads it goes on as the one that saved it.
  nlohmann::json Save() const;
  // Throws InputError for what Save() of as many environments of the same spec
  // did not write.
  void Load(const nlohmann::json& state);

 private:
  void Start(int64_t i);
  void Observe(int64_t i);
  void CheckAllowed(int64_t i) const;

  std::vector<std::unique_ptr<Env>> envs_;
  int64_t first_;
  uint64_t seed_;
  int64_t time_limit_;
  int64_t steps_ = 0;
  VectorStep now_;
  std::vector<EpisodeRecord> running_;
  std::vector<EpisodeRecord> ended_;
};

}  // namespace airlock
