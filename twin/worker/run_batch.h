#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/interrupt.h"
#include "sim/results/run_record.h"
#include "sim/scenario/resolve.h"
#include "twin/worker/control.h"

namespace airlock {

// LoadScenario(), and the check of what only the worker's side knows: the
// controller's agent.
std::optional<ResolvedScenario> LoadRunnableScenario(
    const std::string& path, const std::vector<std::string>& overrides,
    Diagnostics* diagnostics);

struct BatchOptions {
  int64_t first = 0;         // number of the first replication
  int64_t replications = 0;  // 0: what the scenario says
  int64_t jobs = 0;          // simultaneous replications; 0: one a core
  // Decides in the place of the scenario's agent; what the network refuses is
  // then recorded, not an error.
  std::optional<ControllerCall> controller;
  // Where what it did goes, by replication (nullptr: nowhere).
  std::vector<ControlRecord>* control = nullptr;
  // Where what the scenario's own agent saw at its decisions goes, one sample a
  // decision, by replication (nullptr: nowhere).
  std::vector<Trace>* observations = nullptr;
};

// Runs the scenario's replications in `airlock-worker` (the program beside this
// one, or $AIRLOCK_WORKER) and returns them by number: the same record whatever
// `jobs` is. `progress` counts thousandths of a replication.
// Throws Error if the worker dies (which replications were under way, how it
// ended, its last words), InputError if it refuses the scenario.
RunRecord RunBatch(const ResolvedScenario& scenario,
                   const BatchOptions& options, const Progress& progress);

}  // namespace airlock
