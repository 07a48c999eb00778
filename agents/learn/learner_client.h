#pragma once

#include <memory>

#include "agents/learn/mlp_training.h"
#include "sim/base/child_process.h"

namespace airlock {

// The client's half of `airlock-learner`, the program that holds libtorch.
// Loading it takes about a second, so the learner is started at the first
// request and serves all that follow; it ends with this object.
//
//   request   {type: "train", ...}    mlp_training.h
//   answer    {type: "trained", ...}
//   error     as in every conversation (frame.h); the next request is welcome
class LearnerClient {
 public:
  // The one of this program, ended at its exit. Not to be used on both sides of
  // a fork.
  static LearnerClient& OfThisProgram();

  // Trains in the learner (beside this program, or $AIRLOCK_LEARNER). Equal
  // examples and settings give equal weights, bit by bit, on processors of one
  // kind. Throws InputError for wrong settings, Error if the learner dies (how
  // it ended, its last words; the next call starts another) or training
  // diverges.
  TrainingResult Train(const TrainingExamples& examples,
                       const MlpTraining& training);

 private:
  nlohmann::json Ask(const nlohmann::json& request);

  std::unique_ptr<ChildProcess> learner_;
};

}  // namespace airlock
