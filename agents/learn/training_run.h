#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agents/learn/learner.h"
#include "agents/learn/training.h"
#include "agents/learn/training_task.h"
#include "agents/rollout/rollout.h"
#include "sim/base/error.h"

namespace airlock {

// A training of an algorithm that learns from rollouts (learner.h). Beside what
// any training's folder holds:
//   policy-last.json  the last policy
//   curves.csv        a row for each hundredth of the steps
// and on the card: layout's digest, steps, episodes, lost_episodes and how they
// were lost, deterministic, evaluation.
class TrainingRun : public Training {
 public:
  // Makes the folder and the actors, which may fork, then the learner. With
  // `job.resume` it goes on where the folder's checkpoint ends. Throws
  // InputError for a folder that is there (not resumed), a checkpoint of
  // another version or other settings (which), a task in which no action is
  // allowed.
  TrainingRun(const TrainingTask& task, const TrainingJob& job);
  ~TrainingRun() override;
  TrainingRun(const TrainingRun&) = delete;
  TrainingRun& operator=(const TrainingRun&) = delete;

  ExitCode Run(const std::function<bool()>& stop,
               const Report& report) override;
  const nlohmann::json& card() const override;
  std::string Summary() const override;

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
