#pragma once

#include <string>

#include "sim/telemetry/trace.h"

namespace airlock {

// What pcm-sensor-server answers to `GET /persecond/N` as JSON: one sample with
// the columns that ImportPcm() gives the same counters. The tree is flattened:
// a hyper-thread is `core.OS_ID`, a socket's aggregates are `socket.ID`, the
// host's are `system`; links are `socket.ID.data_in_upi0` and the like. The
// ratios that pcm prints and the server does not (exec, ipc, freq, afreq, hit
// ratios, misses per instruction) are computed as pcm does. A counter that is
// not in our table gets the name that it has there, in our spelling, and no
// unit. `time_seconds` is the sample's time. Throws InputError with `name`, and
// the position where it is not JSON, or the path of what is missing.
Trace ReadPcmServerSample(const std::string& text, const std::string& name,
                          double time_seconds);

}  // namespace airlock
