#pragma once

#include <string>
#include <vector>

#include "sim/base/rng.h"
#include "sim/telemetry/trace.h"

namespace airlock {

// A fault of the telemetry that a predictor may meet, at one level.
struct Disturbance {
  std::string fault;   // "counter-noise", ...
  std::string level;   // with its unit: "5%", "2 samples"
  double amount = 0;   // of the level, as the fault's row has it
  std::string column;  // the only one it concerns; empty: all inputs
};

// The grid of faults, each at two levels or more, in a fixed order:
//   counter-noise  normal noise of 5 % and 20 % of the column's standard
//                  deviation on every value
//   dropout        5 % and 20 % of the values missing, each for itself
//   staleness      every value is that of 2 or 5 samples ago
//   clock-skew     inputs one sample later or earlier than the clock of the
//                  target says
//   wrong-unit     one input a thousand times as large; one cell for each of
//                  the first `units_of` inputs
std::vector<Disturbance> DisturbanceGrid(const std::vector<std::string>& inputs,
                                         int64_t units_of);

// `trace` with the fault in the columns `inputs`; the target is left alone, so
// that errors are those against the truth. Values beyond the ends are missing.
Trace Disturbed(const Trace& trace, const Disturbance& disturbance,
                const std::vector<std::string>& inputs, RngStream* rng);

}  // namespace airlock
