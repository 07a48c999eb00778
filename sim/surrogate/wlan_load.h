#pragma once

#include <memory>

#include "sim/base/ids.h"
#include "sim/base/rng.h"
#include "sim/scenario/scenario.h"
#include "sim/telemetry/trace.h"
#include "sim/workload/load_profiles.h"

// `wlan.load` of a scenario, the same course for both engines and for planners
// that know the future.
namespace airlock {

// The trace that the loads follow; null where they do not.
std::unique_ptr<Trace> ReadLoadTrace(const WlanConfig& wlan);

// The factors by which the flows of each of `wlan.access_points` are scaled,
// slot by slot, drawn from the stream "wlan/load". `trace`: of ReadLoadTrace(),
// must outlive the course. Throws InputError where it lacks an access point.
std::unique_ptr<LoadCourse> CreateLoadCourse(const WlanConfig& wlan,
                                             const Trace* trace,
                                             const RngTree& rng,
                                             Replication replication);
// The same, drawn from `stream`.
std::unique_ptr<LoadCourse> CreateLoadCourse(const WlanConfig& wlan,
                                             const Trace* trace,
                                             RngStream stream);

}  // namespace airlock
