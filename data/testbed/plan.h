#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace airlock::testbed {

// What the experimenter sets during one sample.
struct PlanStep {
  double packet_rate;               // packet/s
  std::vector<double> size_shares;  // of packets, one per size, sum 1
  double cpu;                       // contention levels, in workers
  double cache;
  double memory;
  double io;
};

// The course of one recording: constant within a sample.
struct Plan {
  double step_seconds = 0;
  std::vector<int> frame_sizes;  // bytes, Ethernet header to end of payload
  std::vector<PlanStep> steps;

  // Mean frame size of a step in bytes.
  double MeanFrameBytes(size_t step) const;
};

// Reads the text form: `step SECONDS`, `sizes B...`, then one line a step:
// `RATE SHARE... CPU CACHE MEMORY IO`. Throws InputError with the line.
Plan ReadPlan(const std::string& path);

}  // namespace airlock::testbed
