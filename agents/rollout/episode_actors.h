#pragma once

#include <cstdint>
#include <memory>

#include "agents/rollout/rollout.h"

namespace airlock {

// Actors whose environments live through one episode a process: each episode is
// a fork of this process, `jobs` of which run at a time (others wait, their
// episode half done). For networks that are settled once and forked. What they
// live through is that of LocalActors, bit by bit, whatever `jobs` is.
//
// A process that dies, however it does, loses its episode: the environment goes
// on with its next one, and lost_episodes() says how many were. Of a lost one,
// what earlier rollouts held of it stands, as an episode that nothing ended.
// Run() throws Error where an environment loses one after the other, and what
// the environment threw.
//
// Save() holds the actions of the running episodes; Load() takes them again.
//
// `create` is called in this process once, for the spec, and then in each
// child. To be made, and run, while this process has one thread.
std::unique_ptr<Actors> EpisodeActors(const ActorOptions& options,
                                      int64_t jobs);

}  // namespace airlock
