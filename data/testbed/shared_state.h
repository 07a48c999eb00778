#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace airlock::testbed {

// A cumulative counter with one writer and many readers.
class Counter {
 public:
  void Add(uint64_t amount) {
    value_.store(value_.load(std::memory_order_relaxed) + amount,
                 std::memory_order_relaxed);
  }
  void Set(uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  uint64_t Get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_;
};

struct alignas(64) GeneratorCounters {
  Counter pid;
  Counter packets;
  Counter bytes;        // frame bytes
  Counter send_errors;  // send calls the kernel refused
  Counter sleeps;       // waits for the next departure
  Counter send_ns;      // time inside send: bridge and firewall run there
  Counter lateness_ns;  // sum over packets of (sent - scheduled)
  Counter flows;        // flows started
};

struct alignas(64) InspectorCounters {
  Counter pid;
  Counter packets;  // frames taken from the ring
  Counter bytes;    // frame bytes
  Counter payload_bytes;
  Counter ring_packets;  // PACKET_STATISTICS tp_packets
  Counter ring_drops;    // PACKET_STATISTICS tp_drops
  Counter wakeups;       // poll calls that returned with frames
  Counter batches;       // runs of at most kBatchLimit frames
  Counter full_batches;  // batches that reached the limit
  Counter busy_ns;       // wall time between first and last frame of a batch
  Counter dpi_packets;   // packets given to protocol detection
  Counter dpi_ns;        // wall time in protocol detection
  Counter flows;         // flow table insertions
  Counter evictions;     // flow table evictions
  Counter matches;       // signatures found
  Counter send_errors;
  Counter signatures;  // active signatures (a level)
};

struct alignas(64) SinkCounters {
  Counter pid;
  Counter packets;
  Counter bytes;      // frame bytes
  Counter lost;       // sequence numbers skipped
  Counter reordered;  // packets behind the expected sequence number
  Counter foreign;    // datagrams that are not probes
  Counter polls;
  Counter next_sequence;  // one past the highest sequence number seen
};

// Packets by the instant they were sent.
struct OfferedInterval {
  Counter packets;
  Counter bytes;
};

// Packets by the instant they reached the sink. Written once, by the sink,
// when the interval is over; `closed` is set last.
struct DeliveredInterval {
  uint64_t packets;
  uint64_t bytes;
  uint64_t lost;
  double latency_mean;  // seconds, like the quantiles
  double latency_p50;
  double latency_p95;
  double latency_p99;
  std::atomic<uint64_t> closed;
};

inline constexpr uint32_t kMaxIntervals = 1 << 17;

// Lives in a file mapped by all processes of one recording; all zero at birth.
struct SharedState {
  std::atomic<int64_t> start_ns;     // CLOCK_MONOTONIC of time 0; 0 = not yet
  std::atomic<int64_t> interval_ns;  // length of a sample
  GeneratorCounters generator;
  InspectorCounters inspector;
  SinkCounters sink;
  OfferedInterval offered[kMaxIntervals];
  DeliveredInterval delivered[kMaxIntervals];

  // Interval that holds the instant, or -1 (before the start, or beyond the
  // last one).
  int64_t IntervalOf(int64_t monotonic_ns) const;
};

// Maps the file, creating it when it is not there. The mapping lives as long
// as the process. Throws SystemError.
SharedState* MapSharedState(const std::string& path);

}  // namespace airlock::testbed
