#pragma once

#include <cstdint>
#include <string>

namespace airlock::testbed {

struct SharedState;

struct InspectorOptions {
  std::string input;         // interface the packets come in on
  std::string output;        // interface they leave through
  uint64_t seed = 1;         // of the signatures
  int ring_frames = 512;     // finite queue in front of the inspection
  int signature_groups = 8;  // automata every payload runs through
  int signatures_per_group = 40;
  int grown_groups = 0;          // automata after the growth; 0 = never grows
  double grow_at_seconds = 0;    // after time 0
  bool detect_protocols = true;  // nDPI on the first packets of a flow
  int detection_packets = 12;
};

// Forwards frames from input to output through protocol detection (libndpi)
// and a payload search: one packet at a time, first come first served, over a
// PACKET_RX_RING of `ring_frames` slots. A packet keeps its slot while it is
// served. Runs until a stop signal.
void RunInspector(const InspectorOptions& options, SharedState* state);

}  // namespace airlock::testbed
