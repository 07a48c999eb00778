#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "agents/learn/agent_file.h"
#include "agents/policy/policy.h"
#include "agents/rollout/rollout.h"

namespace airlock {

// What a training loop needs of an algorithm that learns from rollouts.
class Learner {
 public:
  virtual ~Learner() = default;

  // The policy to act with now.
  virtual Policy Acting() const = 0;
  // Share of random actions after `done` of all steps (0 to 1).
  virtual double RandomShare(double done) const;
  // Learns from what Acting() just met; what it did, by name: always the same
  // names, NaN where there is no number. Throws Error where a loss is no longer
  // a number.
  using Progress = std::vector<std::pair<std::string, double>>;
  virtual Progress Update(const Rollout& rollout, double done) = 0;
  // Everything, so that one that loads it goes on bit by bit.
  virtual nlohmann::json Save() const = 0;
  // Throws InputError for what Save() with equal settings did not write.
  virtual void Load(const nlohmann::json& state) = 0;
};

// The one that `agent.algorithm` names. Throws InputError as CheckOptions().
// From then on torch keeps to one thread.
std::unique_ptr<Learner> MakeLearner(const AgentFile& agent,
                                     const EnvSpec& spec, uint64_t seed);

// Versions of the libraries that learning depends on, by name.
nlohmann::json LearningLibraries();

}  // namespace airlock
