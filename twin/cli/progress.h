#pragma once

#include <memory>
#include <string>

#include "sim/base/interrupt.h"

namespace airlock {

// Writes to standard error. That it cannot be written (closed, a full disk) is
// no reason to give up the work.
void Tell(const std::string& text);

// Shows on standard error what a command is doing: one line a stage, which on a
// terminal counts up with rate and time left, every second also where the work
// has nothing to report; elsewhere a stage that takes long says so every half
// minute. Also notes the stages with their duration, for log.txt. Every report
// looks for a signal first.
class ProgressDisplay {
 public:
  ProgressDisplay();
  ~ProgressDisplay();

  // Ends the stage before, if any.
  Progress Begin(const std::string& stage);
  // Ends the last stage.
  void End();
  // Begin() as a function, for work of several stages.
  BeginStage Stages();
  // "12:00:00Z  3.2 s  calibrating the twin", a line a finished stage.
  const std::string& log() const { return log_; }

 private:
  struct Stage;

  bool terminal_;
  std::shared_ptr<Stage> stage_;
  std::string log_;
};

}  // namespace airlock
