#pragma once

#include <string>

#include "sim/base/units.h"

// What is offered to a network: rates over time and sizes of packets.
namespace airlock {

// How an offered load changes over time.
struct LoadProfile {
  std::string kind = "constant";  // constant steps ramp random-walk flash-crowd
                                  // trace
  Bandwidth rate = Mbps(100);     // constant, start of the others
  Bandwidth peak = Mbps(200);     // highest rate of the others
  SimTime period = Milliseconds(500);  // of a step, a ramp, a walk's step
  std::string trace;  // trace: file whose columns offered_rate, packet_size
                      // and contention_* drive the load
};

struct PacketSizeShare {
  DataSize size{1400};
  Ratio share{1.0};  // of the packets; shares are normalised
};

}  // namespace airlock
