#pragma once

#include <cstddef>
#include <cstdint>

#include "sim/scenario/servers_config.h"
#include "sim/server/packet_ring.h"

namespace airlock {

// What an instance has counted since the start.
struct InstanceTotals {
  int64_t offered = 0;  // packets that came, lost ones included
  int64_t offered_bytes = 0;
  int64_t drops = 0;
  int64_t polls = 0;  // that found packets
  int64_t packets = 0;
  int64_t bytes = 0;
  double busy_ns = 0;
  double waiting_ns = 0;  // of all packets, in the ring
};

struct ChainTotals {
  int64_t offered = 0;
  int64_t offered_bytes = 0;
  int64_t delivered = 0;
  int64_t delivered_bytes = 0;
  int64_t lost = 0;  // wherever
};

// An instance of a station on a core.
struct Instance {
  size_t station = 0;
  int64_t machine = 0;
  int64_t core = 0;
  bool active = true;    // packets come to it
  int64_t ready_ns = 0;  // rests until then
  int64_t ring_limit = 0;
  int64_t batch = 1;
  BatchCost service_ns;  // as contention has it
  double factor = 1;     // of the event at hand
  double shape = 0;      // of a packet's gamma factor; 0: none
  PacketRing ring;
  bool hot = false;     // beyond the threshold of throttling
  double carry_ns = 0;  // work below a nanosecond
  InstanceTotals totals;
};

}  // namespace airlock
