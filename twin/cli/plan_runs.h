#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "calibration/surrogate/surrogate_fit.h"
#include "sim/base/interrupt.h"
#include "sim/scenario/resolve.h"

namespace airlock {

struct PlanRunOptions {
  int64_t plans = 100;
  double settle_seconds = 0.1;  // after the switch, before the measurement
  int64_t jobs = 0;             // as BatchOptions::jobs
};

struct PlanRuns {
  std::vector<PlanMeasurement> plans;
  std::vector<std::string> notes;
};

// Runs random plans of a WLAN scenario packet by packet, each a branch of the
// one settled network (an announced switch that costs nothing), and measures
// the time from `settle_seconds` after it to the end of the run. Loads are
// constant and the same in all plans. Plans are drawn evenly from what
// AllowedChannels() has, by the scenario's seed; those that are not in force in
// every measured sample are left out and noted. Throws InputError where the
// scenario does not allow it or leaves less than two samples to measure, Error
// if the worker dies or an access point was not measured.
PlanRuns RunRandomPlans(const ResolvedScenario& scenario,
                        const PlanRunOptions& options,
                        const Progress& progress);

}  // namespace airlock
