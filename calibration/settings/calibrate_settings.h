#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "calibration/fit/calibrate.h"
#include "calibration/settings/calibration_task.h"
#include "sim/scenario/resolve.h"
#include "sim/telemetry/trace.h"

namespace airlock {

struct SettingsOptions {
  FidelityLimits limits;
  uint64_t seed = 1;
  int jobs = 0;                  // runs at a time; 0: one a core
  int64_t rank_simulations = 0;  // of simulation-based calibration
};

// Fits the keys that the task names to the rows of the trace that it names, and
// judges the fit on those that it holds out.
//
// History matching (history_matching.h) narrows the parameters by emulators of
// every output at every fitted point; within what is left Metropolis chains
// sample the posterior of parameters, discrepancy and noise
// (discrepancy_model.h), once with and once without the discrepancy term. Draws
// of it are run in the engine itself at the held-out points.
//
// Judged per column as Calibrate() does: W1 over sd and quantiles of the runs
// as they are (what the twin would say), coverage of intervals that join the
// draws' runs with discrepancy and noise. Beside it the absolute errors of
// baselines that know no simulator: the mean of the fitted rows, the nearest
// fitted point, a Gaussian process over the inputs, and where the last rows are
// held out the value before.
//
// Nothing, with its position in `*diagnostics`, for what is wrong in the task.
// Throws InputError if nothing is plausible, Error if the sampler does not
// converge.
std::optional<CalibrationResult> CalibrateSettings(
    const ResolvedScenario& scenario, const TaskFile& task, const Trace& trace,
    const SettingsOptions& options, const CalibrationProgress& progress,
    Diagnostics* diagnostics);

}  // namespace airlock
