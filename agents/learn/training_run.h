#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agents/learn/agent_file.h"
#include "agents/learn/learner.h"
#include "agents/learn/training_task.h"
#include "agents/rollout/rollout.h"
#include "sim/base/error.h"

// A training from its first step to its last, which may be in several
// processes one after the other: whatever ends one of them, the next goes on
// from the last checkpoint, and what comes out has the same bits.
namespace airlock {

struct TrainingJob {
  AgentFile agent;
  uint64_t seed = 1;
  std::string folder;
  bool resume = false;
};

// What a folder of a training holds, each file whole at any moment:
//   agent.yaml        the settings, every field written out
//   checkpoint        everything that is needed to go on
//   policy.json       the best policy of all evaluations, or the last
//   policy-last.json  the last one
//   curves.csv        a row for each hundredth of the steps
//   card.json         the run card
//   log.txt           when what happened
//
// The card: format, task, algorithm, seed, settings, digests (of task, agent,
// layout, policy), libraries, steps, episodes, lost_episodes and how they were
// lost, deterministic, evaluation, exit {code, cause}; under "runtime" what
// differs between equal runs.
class TrainingRun {
 public:
  // Makes the folder and the actors, which may fork, then the learner. With
  // `job.resume` it goes on where the folder's checkpoint ends. Throws
  // InputError for a folder that is there (not resumed), a checkpoint of
  // another version or other settings (which), a task in which no action is
  // allowed.
  TrainingRun(const TrainingTask& task, const TrainingJob& job);
  ~TrainingRun();
  TrainingRun(const TrainingRun&) = delete;
  TrainingRun& operator=(const TrainingRun&) = delete;

  // Called once an update with the steps done and of all.
  using Report = std::function<void(int64_t done, int64_t total)>;
  // Learns until all steps are done, or until `stop` says so after an update
  // (nothing is lost: a checkpoint is written). Leaves card and checkpoint
  // also where it ends early. kDone, or kInterrupted. Throws Error naming step
  // and cause where a reward, observation or loss is no number or workers die
  // again and again: the last checkpoint stays.
  ExitCode Run(const std::function<bool()>& stop, const Report& report);

  // The run card as it was last written.
  const nlohmann::json& card() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

// Greedy episodes of `policy`, one each of as many environments, whose random
// numbers depend on `seed` alone: rewards in their order.
std::vector<double> EvaluatePolicy(
    const Policy& policy, const std::function<std::unique_ptr<Env>()>& create,
    int64_t episodes, uint64_t seed, int64_t time_limit);

}  // namespace airlock
