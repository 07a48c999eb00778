#include "agents/env/env_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "agents/env/acrobot.h"
#include "agents/env/cart_pole.h"
#include "agents/env/pendulum.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

template <typename Task>
ReferenceTask Row(const std::string& description) {
  return {Task().spec().name, description,
          [] { return std::make_unique<Task>(); }};
}

}  // namespace

const std::vector<ReferenceTask>& ReferenceTasks() {
  static const std::vector<ReferenceTask> kTasks = {
      Row<CartPole>("CartPole-v1: keep a pole upright; two actions"),
      Row<Acrobot>("Acrobot-v1: swing two links up; three actions"),
      Row<Pendulum>("Pendulum-v1: swing up and hold; a torque"),
  };
  return kTasks;
}

const ReferenceTask& ReferenceTaskNamed(const std::string& name) {
  std::vector<std::string> known;
  for (const ReferenceTask& task : ReferenceTasks()) {
    if (task.name == name) return task;
    known.push_back(task.name);
  }
  throw InputError(fmt::format("no reference task '{}'; known: {}", name,
                               fmt::join(known, ", ")));
}

}  // namespace airlock
