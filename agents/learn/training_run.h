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
// were lost, deterministic, evaluation (policy_evaluation.h) and, where there
// is a shield, safety {training, evaluation} (safety_tally.h). The best policy
// is, of those that keep their limits, that of the most reward; where none
// does, the one that is beyond them least.
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

}  // namespace airlock
