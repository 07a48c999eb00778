#pragma once

#include <vector>

#include "sim/scenario/servers_config.h"

// What programs on one machine do to each other, solved from their rates and
// not packet by packet.
//
// Time. A batch of n packets and B bytes needs instructions I and cache lines
//   R, each linear in (1, n, B). It holds the core for
//     I / (ipc f) + (sum over lines of their latency) / memory_parallelism
//   (stalls on top of a perfect-cache processor: Karkhanis and Smith, ISCA
//   2004). f falls evenly from turbo_one to turbo_all with the number of the
//   socket's active cores; polling cores are always active.
// Lines. State: a cache that holds C of a working set W hits with (C / W) ^
//   locality (uniform references: 1; Zipf popularity of exponent a: 1 - a). The
//   L2 cache is divided evenly among the core's programs; what misses goes to
//   the L3. Packets' lines miss the L2 always, and come from the L3 or, where
//   devices write more than their ways hold, from memory. Those of the
//   interface's socket cost remote_latency on the other.
// L3. Programs share it by what they insert. With random replacement every
//   line stays the same time T on average, so C_i = 64 B x T x (insertions of i
//   a second); T is where all C_i fill the cache (the characteristic-time
//   approximation: Che, Tung and Wang, JSAC 20(7), 2002; for RANDOM,
//   Martina, Garetto and Leonardi, INFOCOM 2014, whose hit ratio
//   lambda T / (1 + lambda T) is this for locality 1).
// Memory. Missing lines and written ones load the socket's memory by u of its
//   bandwidth; latency is memory_latency (1 + memory_queueing u / (1 - u)), the
//   form of the Pollaczek-Khinchine mean wait at a single server.
// Rates. A function works as fast as packets come, but no faster than its share
//   of its cores allows; a competitor up to reads_per_second. Rates determine
//   caches and memory, and these the rates: SolveContention() iterates to a
//   fixed point.
namespace airlock {

inline constexpr double kLineBytes = 64;

// One instance of a function, or of a run-to-completion chain's function, or
// of a competitor: what runs on one core.
struct Task {
  int64_t socket = 0;
  int64_t core = 0;
  bool competitor = false;
  // Most of the core that a competitor gets; functions have what competitors
  // leave, in proportion to what they ask for if it is not enough.
  double core_share = 1;
  double l2_share = 1;
  BatchCost instructions;
  BatchCost packet_references;
  BatchCost state_references;
  double ipc = 2;
  double working_set_bytes = 0;
  double locality = 1;
  double memory_parallelism = 4;
  double write_share = 0;
  // Offered: packets and what comes with them. Of a competitor a packet is a
  // read, and infinity is as many as it can.
  double packets_per_second = 0;
  double bytes_per_packet = 0;
  double batches_per_packet = 1;
};

// What devices bring in, of the whole machine.
struct DeviceLoad {
  double received_lines_per_second = 0;
  double footprint_bytes = 0;  // of the buffers that are used in turn
};

struct TaskSolution {
  BatchCost seconds;              // holds the core
  double packets_per_second = 0;  // served
  double busy = 0;                // of the core
  double l2_hit = 1;              // of the state's lines
  double l3_hit = 1;              // of the state's lines that miss the L2
  double packet_hit = 1;          // of packets' lines, in the L3
  bool remote_packets = false;    // they come from the other socket
  double l3_bytes = 0;            // occupied
};

struct SocketSolution {
  double frequency_hz = 0;
  double memory_use = 0;  // u
  double memory_latency_seconds = 0;
  double device_l3_bytes = 0;
};

struct MachineSolution {
  std::vector<TaskSolution> tasks;
  std::vector<SocketSolution> sockets;
  int iterations = 0;
  double residual = 0;  // largest relative change of a rate in the last one
};

// a + b n + c B of a batch.
inline double Of(const BatchCost& cost, double packets, double bytes) {
  return cost.per_batch + cost.per_packet * packets + cost.per_byte * bytes;
}

MachineSolution SolveContention(const MachineConfig& machine,
                                const std::vector<Task>& tasks,
                                const DeviceLoad& devices);

// What shares a cache of `capacity` bytes: references a second into a working
// set.
struct CacheUser {
  double references_per_second = 0;
  double working_set_bytes = 0;
  double locality = 1;
  double most_bytes = -1;  // that it may occupy; < 0: all
};

// Bytes that each of them occupies.
std::vector<double> ShareCache(double capacity,
                               const std::vector<CacheUser>& users);

// Hit ratio of a working set of which `cached` bytes are cached.
double HitRatio(double cached, double working_set, double locality);

}  // namespace airlock
