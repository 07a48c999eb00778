#pragma once

#include <string>

#include "twin/gate/gate.h"

namespace airlock {

// What became of a repeated gate.
struct ReplayResult {
  bool same = false;  // summary.json is the same, byte by byte
  // The first value that differs: where, what it was, what it is now.
  std::string difference;
  GateVerdict verdict;  // of the repetition
};

// Repeats the gate whose output is in `folder`, from its gate.resolved.yaml and
// the inputs that its summary.json names, into `scratch` (which exists), and
// compares the two summaries. What a clock or the machine said (latencies,
// memory, which answers were late) is taken from the folder's wall_clock.json:
// it is evidence, not something that can be had again. Throws InputError if the
// folder is no gate's, its summary.json was changed, or an input is another one
// now; relative paths are looked for from the current folder, as when the gate
// ran.
ReplayResult ReplayGate(const std::string& folder, const std::string& scratch,
                        GateOptions options);

}  // namespace airlock
