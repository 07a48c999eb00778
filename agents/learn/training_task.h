#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agents/env/env.h"
#include "sim/scenario/resolve.h"

namespace airlock {

// What is learnt: an environment, and what tells it from others.
struct TrainingTask {
  std::string name;    // of a reference task, or a scenario's path
  std::string digest;  // SHA-256 of what it is
  std::function<std::unique_ptr<Env>()> create;
};

// The reference task of this name. Throws InputError that lists the known ones.
TrainingTask FindTrainingTask(const std::string& name);

// What `airlock train` hands to `airlock-learner`, which it becomes.
struct TrainingOrder {
  std::string task;
  std::string agent;                            // path of the agent file
  std::vector<std::string> overrides;           // of its keys: "ppo.gamma=0.9"
  std::vector<std::string> scenario_overrides;  // where the task is one
  std::string folder;
  int64_t seed = 1;
  int64_t seeds = 1;  // so many trainings, from `seed` on
  bool resume = false;
  bool overwrite = false;
  bool json = false;
};
nlohmann::json ToJson(const TrainingOrder& order);
TrainingOrder TrainingOrderFromJson(const nlohmann::json& json);

// The scenario that `order.task` is the path of. Throws InputError with all
// findings.
ResolvedScenario LoadTrainingScenario(const TrainingOrder& order);

// Makes way for a training in `order.folder`: where something is, it must be
// resumed, or be a training that is overwritten. Throws InputError otherwise.
void PrepareTrainingFolder(const TrainingOrder& order);

}  // namespace airlock
