#pragma once

#include <cstdint>

namespace airlock::testbed {

struct SharedState;

struct SinkOptions {
  int64_t poll_ns = 2000000;     // between two reads of the socket
  int64_t settle_ns = 10000000;  // an interval closes this long after its end
  int receive_buffer_bytes = 16 << 20;
};

// Receives the probes, accounts loss by sequence number and latency by the
// kernel's receive time, and closes one DeliveredInterval after another until
// a stop signal. It never blocks on the socket, so the inspector does not pay
// for waking it.
void RunSink(const SinkOptions& options, SharedState* state);

}  // namespace airlock::testbed
