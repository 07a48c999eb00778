#pragma once

#include <cstdint>
#include <string>

namespace airlock::testbed {

enum class Arrivals { kPoisson, kPaced };

struct GeneratorOptions {
  std::string interface;
  std::string plan_path;
  uint64_t seed = 1;
  int64_t start_ns = 0;        // CLOCK_MONOTONIC of time 0
  double lead_in_seconds = 1;  // first plan step, before time 0
  double tail_seconds = 0.5;   // last plan step, after the end
  Arrivals arrivals = Arrivals::kPoisson;
  int flows = 512;            // alive at any time
  double flow_packets = 256;  // mean packets of a flow (geometric)
  int signature_groups = 0;   // of the set the payloads borrow from
  int signatures_per_group = 0;
};

struct SharedState;

// Sends the plan as UDP over a packet socket bound to the interface. Each
// packet carries its sequence number and its send time. Ends with the plan or
// on a stop signal.
void RunGenerator(const GeneratorOptions& options, SharedState* state);

}  // namespace airlock::testbed
