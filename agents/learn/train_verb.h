#pragma once

#include "agents/learn/training_task.h"
#include "sim/base/error.h"

namespace airlock {

// `airlock train`, in the program that holds torch: trains, says on standard
// error how far it is, and prints the answer. A signal (SIGINT, SIGTERM,
// SIGHUP) ends it after the update under way, with a checkpoint. Each of
// several seeds has a process of its own and a folder "seed-N"; seeds.json
// holds what they say together. To be called before anything else has threads.
ExitCode RunTraining(const TrainingOrder& order);

}  // namespace airlock
