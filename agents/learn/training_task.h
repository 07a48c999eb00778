#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "agents/env/env.h"
#include "agents/env/safety_tally.h"
#include "agents/learn/agent_file.h"
#include "agents/noise/noise_options.h"
#include "agents/rollout/worker_actors.h"
#include "sim/base/diagnostics.h"
#include "sim/scenario/resolve.h"

namespace airlock {

// What is learnt: environments, and what tells them from others.
struct TrainingTask {
  std::string name;    // of a reference task, or a scenario's path
  std::string digest;  // SHA-256 of what it is
  // An environment in this process; none: those of `network`.
  std::function<std::unique_ptr<Env>()> create;
  EnvSpec spec;
  std::optional<NetworkTask> network;  // of airlock-worker
  // Of a shield; none: there is no shield. A training begins it anew.
  std::shared_ptr<SharedTally> tally;
};

// Environments of a task, and what is between them and who acts there.
struct TaskActors {
  int64_t envs = 1;
  uint64_t seed = 1;
  int64_t time_limit = 0;  // 0: the task's own
  // Processes. Of a task in this process 0 forks none; a network's episodes
  // have a process each, so many at a time.
  int64_t workers = 0;
  NoiseOptions noise;
};
// Throws as ForkedActors() and WorkerActors().
std::unique_ptr<Actors> MakeActors(const TrainingTask& task,
                                   const TaskActors& options);

// The reference task of this name. Throws InputError that lists the known ones.
TrainingTask FindReferenceTask(const std::string& name);

// What `airlock train` hands to `airlock-learner`, which it becomes.
struct TrainingOrder {
  std::string task;
  std::string agent;                            // path of the agent file
  std::vector<std::string> overrides;           // of its keys: "ppo.gamma=0.9"
  std::vector<std::string> scenario_overrides;  // where the task is one
  std::string folder;
  int64_t seed = 1;
  int64_t seeds = 1;    // so many trainings, from `seed` on
  std::string against;  // folder of earlier seeds to compare with, or empty
  bool resume = false;
  bool overwrite = false;
  bool json = false;
};
nlohmann::json ToJson(const TrainingOrder& order);
TrainingOrder TrainingOrderFromJson(const nlohmann::json& json);

// What is to be trained, which fits together.
struct TrainingSubject {
  AgentFile agent;
  TrainingTask task;
  std::optional<ResolvedScenario> scenario;  // where the task is one
  nlohmann::json earlier;  // seeds.json of `order.against`, or null
};
// Reads agent file and task of `order`: a reference task's name, or the path of
// a scenario in which the agent file's `task` is learnt (net2seq: on networks
// such as it generates). Nothing if anything is wrong; all findings are in
// `*diagnostics`. Throws InputError for a task that is neither, and for earlier
// seeds that cannot be compared with.
std::optional<TrainingSubject> LoadTrainingSubject(const TrainingOrder& order,
                                                   Diagnostics* diagnostics);

// Makes way for a training in `order.folder`: where something is, it must be
// resumed, or be a training that is overwritten. Throws InputError otherwise.
void PrepareTrainingFolder(const TrainingOrder& order);

}  // namespace airlock
