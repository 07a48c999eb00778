#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agents/rollout/rollout.h"

namespace airlock {

// A task on a simulated network, which airlock-worker knows.
struct NetworkTask {
  std::string task;      // `airlock list network-tasks`
  std::string scenario;  // resolved, as text
  std::string name;      // of the scenario, for messages
  // Between network and policy: items of ParseNoise() and their seed.
  std::vector<std::string> noise;
  uint64_t noise_seed = 1;
  int64_t time_limit = 0;  // steps of an episode; 0: as the run lasts
};

// Actors in the networks of `airlock-worker` (the program beside this one, or
// $AIRLOCK_WORKER), which settles the network once and forks it for each
// episode (EpisodeActors), `jobs` at a time. One message to it starts a rollout
// and one ends it. Starts a program and forks nothing itself: this process may
// have threads.
//
// Throws Error if the worker cannot be started or dies, how it ended and its
// last words; InputError if it refuses scenario or task.
std::unique_ptr<Actors> WorkerActors(const NetworkTask& task, int64_t envs,
                                     uint64_t seed, int64_t jobs);

}  // namespace airlock
