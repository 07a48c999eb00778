#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/testbed/netlink_counters.h"

namespace airlock::testbed {

struct SharedState;

struct SamplerOptions {
  std::string plan_path;
  std::string csv_path;      // the table
  std::string columns_path;  // JSON: columns, and what this host lacks; written
                             // before the first sample
  bool live = false;  // each row as soon as it is known, not all at the end:
                      // disturbs the chain a little
  int64_t start_ns = 0;      // CLOCK_MONOTONIC of time 0
  std::vector<RuleCheckpoint> checkpoints;
};

// Samples all counters at start + k * interval for each step of the plan, then
// writes the table. A stop signal ends it without one, or, if live, with the
// rows so far.
//
// Offered packets count in the interval they were sent in, delivered and lost
// ones in the interval that the delivered packet, or the one behind the gap,
// reached the sink. The chain keeps order, so over a recording
// offered = delivered + lost + in flight holds exactly.
//
// Returns false when stopped early.
bool RunSampler(const SamplerOptions& options, SharedState* state);

}  // namespace airlock::testbed
