#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/base/units.h"
#include "sim/scenario/load_profile.h"
#include "sim/scenario/placement_config.h"

// Machines whose network functions contend for cores, cache, memory and
// devices. sim/server/contention.h says what the numbers do.
namespace airlock {

struct MachineConfig {
  std::string name;
  int64_t sockets = 2;
  int64_t cores_per_socket = 12;
  Frequency frequency{2.6e9};  // nominal: of the time stamp counter
  Frequency turbo_one{2.9e9};  // of the only active core of a socket
  Frequency turbo_all{2.9e9};  // with all cores of the socket active
  DataSize l2{256 * 1024};     // of a core
  double l2_latency_ns = 4.5;
  DataSize l3{30 * 1024 * 1024};  // of a socket
  int64_t l3_ways = 20;
  int64_t ddio_ways = 2;  // that devices may fill
  double l3_latency_ns = 18;
  DataSize memory{int64_t{64} << 30};      // of the machine
  Bandwidth memory_bandwidth = Gbps(400);  // of a socket
  double memory_latency_ns = 85;           // without load
  double memory_queueing = 0.1;            // growth by u / (1 - u)
  double remote_latency_ns = 55;           // on top, across sockets
  Bandwidth nic_rate = Gbps(10);
  double nic_packet_rate = 14.88e6;       // in each direction, 1/s
  int64_t nic_socket = 0;                 // whose PCIe lanes it sits on
  Bandwidth pcie_bandwidth = Gbps(32);    // in each direction
  DataSize pcie_payload{256};             // of a TLP, at most
  DataSize pcie_overhead{26};             // of each TLP
  SimTime nic_latency = Microseconds(2);  // in each direction
  int64_t rx_ring = 512;                  // packets
  int64_t tx_ring = 512;
};

// A number for each batch, each packet of it and each byte of its frames.
struct BatchCost {
  double per_batch = 0;
  double per_packet = 0;
  double per_byte = 0;
};

// A network function, polled: what a batch of its packets asks of a core.
struct FunctionConfig {
  std::string name;
  std::string machine;         // empty: the first
  std::vector<int64_t> cores;  // one instance each; empty: the next free core
  bool shared_core = false;    // others may be placed on its cores
  BatchCost instructions{100, 150, 0};
  double ipc = 2;          // while all data is in the L1 cache
  double poll_ipc = 3.85;  // of the loop that looks at an empty ring
  // Lines that miss the L1 cache: of packets and rings, which other cores or
  // devices wrote, and of the function's own state.
  BatchCost packet_references{4, 6, 0};
  BatchCost state_references{0, 10, 0};
  DataSize working_set{256 * 1024};  // of the state, without flows
  DataSize flow_state{0};            // of each flow on top
  Ratio locality{1};  // 1: all state is equally likely; less: skewed
  double memory_parallelism = 4;       // misses under way at once
  Ratio write_share{0.3};              // of the state's lines that are written
  DataSize memory{256 * 1024 * 1024};  // allocated, by each instance
  double cv = 0.1;      // of a packet's service time around its mean
  int64_t ring = 1024;  // packets that wait
  int64_t batch = 32;   // packets that one poll takes at most
};

// A program without packets that reads its working set.
struct CompetitorConfig {
  std::string name;
  std::string machine;
  std::vector<int64_t> cores;  // one instance each; empty: the next free core
  bool shared_core = false;    // takes turns with what else runs there
  DataSize working_set{10 * 1024 * 1024};
  Ratio locality{1};
  double reads_per_second = 0;  // of lines, by each instance; 0: all it can
  double instructions_per_read = 10;
  double ipc = 2;
  double memory_parallelism = 4;
  Ratio write_share{0};
  DataSize memory{64 * 1024 * 1024};  // allocated, by each instance
  SimTime start;
  std::optional<SimTime> stop;  // absent: runs to the end
};

// Packets that leave `from` and go on to `to`.
struct ChainEdge {
  std::string from;
  std::string to;  // a function, or "out": they leave the chain
  Ratio share{1};  // of the packets that leave `from`
};

struct ServiceAgreement {
  Ratio throughput{0.99};                 // least share of what is offered
  SimTime latency_p99 = Milliseconds(1);  // at most
};

// Packets and the functions that they pass.
struct ServiceChainConfig {
  std::string name;
  std::vector<std::string> path;     // functions in order; one may come again
  std::vector<ChainEdge> edges;      // instead: a graph without cycles
  std::string mode = "pipeline";     // pipeline run-to-completion
  std::string overload = "drop";     // drop throttle
  std::string arrivals = "poisson";  // poisson periodic bursts
  SimTime burst_interval = Microseconds(500);  // bursts: one a tick
  LoadProfile load;
  std::vector<PacketSizeShare> packet_sizes = {PacketSizeShare{}};
  int64_t flows = 1000;
  std::optional<ServiceAgreement> agreement;
};

// What tools that read the counters add to them.
struct CounterErrors {
  double noise = 0.01;        // coefficient of variation of every count
  bool multiplexing = false;  // perf scales what it counted part of the time
  Ratio enabled{0.1};         // that part
  SimTime rotation = Milliseconds(4);  // how long it counts without a pause
};

struct ServersConfig {
  std::vector<MachineConfig> machines;
  std::vector<FunctionConfig> functions;
  std::vector<CompetitorConfig> competitors;
  std::vector<ServiceChainConfig> chains;
  std::string event = "batch";                 // batch packet
  SimTime batch_span = Microseconds(2);        // batch: longest group
  SimTime epoch = Milliseconds(10);            // between contention solutions
  SimTime switch_time = Microseconds(1);       // of a core between functions
  SimTime time_slice = Milliseconds(3);        // of programs on one core
  SimTime link_delay = Microseconds(1);        // between machines
  SimTime rescale_time = Milliseconds(5);      // a function rests: new cores
  SimTime migration_time = Milliseconds(200);  // the same: another machine
  CounterErrors counters;
  PlacementConfig manager;
};

}  // namespace airlock
