#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "agents/learn/training_task.h"

namespace airlock::testing {

// A preset of agents/presets for a task: a reference task's name, or the path
// of a scenario in scenarios/.
inline TrainingOrder PresetOrder(const std::string& task,
                                 const std::string& preset,
                                 const std::vector<std::string>& overrides) {
  TrainingOrder order;
  order.task = task.find('/') == std::string::npos
                   ? task
                   : AIRLOCK_SOURCE_DIR "/scenarios/" + task;
  order.agent = AIRLOCK_SOURCE_DIR "/agents/presets/" + preset + ".yaml";
  order.overrides = overrides;
  return order;
}

inline TrainingSubject SubjectOf(const TrainingOrder& order) {
  Diagnostics diagnostics;
  auto subject = LoadTrainingSubject(order, &diagnostics);
  EXPECT_TRUE(subject) << diagnostics.Format();
  return subject ? std::move(*subject) : TrainingSubject();
}

}  // namespace airlock::testing
