#include "agents/learn/learner_client.h"

#include "sim/base/error.h"
#include "sim/base/frame.h"
#include "sim/base/interrupt.h"

namespace airlock {

using nlohmann::json;

LearnerClient& LearnerClient::OfThisProgram() {
  static LearnerClient client;
  return client;
}

json LearnerClient::Ask(const json& request) {
  if (!learner_) {
    learner_ = std::make_unique<ChildProcess>(
        ProgramPath("airlock-learner", "AIRLOCK_LEARNER"));
  }
  json answer;
  std::string why;
  try {
    WriteFrame(learner_->input(), request);
    if (ReadFrame(learner_->output(), &answer)) return answer;
  } catch (const Error& error) {
    // Interrupted: there is nobody to wait for.
    const bool interrupted = error.code() == ExitCode::kInterrupted;
    if (interrupted) learner_.reset();
    if (interrupted) throw;
    why = fmt::format("{}; ", error.what());
  }
  const std::string end = learner_->DescribeEnd();
  learner_.reset();
  ThrowIfInterrupted();
  throw Error(
      fmt::format("the learner ended before its work ({}{})", why, end));
}

TrainingResult LearnerClient::Train(const TrainingExamples& examples,
                                    const MlpTraining& training) {
  CheckTraining(examples, training);
  const json answer = Ask(ToFrame(examples, training));
  ThrowIfErrorFrame(answer);
  return TrainingResultFromFrame(answer);
}

}  // namespace airlock
