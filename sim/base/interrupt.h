#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace airlock {

// From here on SIGINT, SIGTERM and SIGHUP only note that they came (system calls return
// EINTR), so that destructors run and remove what is half-written.
void InstallInterruptHandlers();

// Throws Error with ExitCode::kInterrupted if a signal came. Long work calls it
// at least ten times a second.
void ThrowIfInterrupted();

// Called by long work with what is done and what there is in all; the caller
// shows it, and ends the work by throwing (see ThrowIfInterrupted).
using Progress = std::function<void(int64_t done, int64_t total)>;

// Called by work of several stages at the start of each with its name
// ("calibrating the twin"); returns what the stage reports its progress to.
using BeginStage = std::function<Progress(const std::string& stage)>;

}  // namespace airlock
