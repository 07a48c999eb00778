#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/units.h"

// What a scenario file says, as plain structs with defaults. Nothing here is
// checked: Resolve() (resolve.h) turns a Scenario into a ResolvedScenario, and
// engines take only the latter. Every field is declared once for files, help
// and schema in scenario_fields.h.
namespace airlock {

struct RunConfig {
  std::string engine = "packet";
  int64_t seed = 1;
  int64_t replications = 10;
  SimTime duration = Milliseconds(1000);       // measured and warm-up together
  SimTime sample_interval = Milliseconds(10);  // of the time series
};

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

// --- Service chain on a server -------------------------------------------

// How busy other work keeps the server, one level per kind (say, the number of
// stress workers); also a coefficient per unit of each level.
struct Contention {
  double cpu = 0;
  double cache = 0;
  double memory = 0;
  double io = 0;
};

// Time that a function needs for one packet:
//   (per_packet + per_byte * size) * (1 + contention_slope . contention) * X
// with X of mean 1 and coefficient of variation `cv`, and . the sum over kinds.
// sim/surrogate/chain_model.h says exactly how functions queue.
struct ServiceTime {
  std::string distribution = "gamma";  // constant exponential gamma lognormal
  double per_packet_ns = 1000;  // written as a time, "1.5us"; not whole ns
  double per_byte_ns = 0;       // written as a time for one byte
  double cv = 0.5;              // ignored by constant and exponential
};

// A network function: a queueing station with a finite ring in front.
struct ChainFunction {
  std::string name;
  ServiceTime service;
  int64_t ring = 1024;  // packets that wait; arrivals beyond it are lost
  int64_t batch = 1;    // packets taken from the ring at once and handed on
                        // together when the last is served
  SimTime wakeup;       // mean of the exponential delay before an idle function
                        // starts on the first packet
  Contention contention_slope;  // relative service time per unit of contention
  SimTime stall_interval;       // mean time between stalls (exponential); 0:
                                // none without contention
  Contention stall_slope;       // stalls per second of work and per unit of
                                // contention: other work takes the processor
  SimTime stall_duration;       // mean length of a stall (exponential)
  SimTime quota;         // work allowed in each quota_period; 0: no limit
  SimTime quota_period;  // of a processor limit (cgroup cpu.max, real-time)
  SimTime quota_offset;  // when the first period begins
};

struct ChainWorkload {
  std::string arrivals = "poisson";            // poisson periodic bursts
  SimTime burst_interval = Microseconds(500);  // bursts: one a tick
  LoadProfile load;
  std::vector<PacketSizeShare> packet_sizes = {PacketSizeShare{}};
  Contention contention;  // constant levels, where no trace gives them
};

struct ChainConfig {
  std::vector<ChainFunction> functions;  // in the order packets pass them
  ChainWorkload workload;
  int64_t source_host = 0;  // sends the chain's packets
  int64_t server_host = 1;  // runs the chain; sink at its end
  std::string profile;      // CalibrationProfile file (absolute path), or empty
  // replace: the profile's parameters take the place of those given here; keep:
  // these stay, and the profile says only how credible the twin is. A resolved
  // scenario has the parameters in place and says keep.
  std::string profile_values = "replace";
};

// --- Datacentre network ---------------------------------------------------

struct LinkConfig {
  Bandwidth rate = Gbps(1);
  SimTime delay = Microseconds(1);
};

struct QueueConfig {
  std::string discipline = "red-ecn";  // red-ecn step-ecn drop-tail
  int64_t limit = 1000;                // packets
  int64_t ecn_threshold = 65;          // packets: marks begin here (K)
};

// Whether the queue marks packets, and ecn_threshold counts.
inline bool MarksEcn(const QueueConfig& queue) {
  return queue.discipline != "drop-tail";
}

struct TopologyConfig {
  std::string kind = "leaf-spine";  // leaf-spine back-to-back
  int64_t leaves = 2;
  int64_t spines = 2;
  int64_t hosts_per_leaf = 4;
  LinkConfig host_link;
  LinkConfig fabric_link;
  QueueConfig queue;
};

struct RoutingConfig {
  std::string kind = "flow-hash";  // flow-hash (per-flow ECMP) single-path
  int64_t salt = 0;                // mixed into every switch's own salt
};

struct TransportConfig {
  std::string kind = "dctcp";  // dctcp cubic newreno
  DataSize segment{1448};
  DataSize buffer{4 * 1024 * 1024};
  SimTime min_rto = Milliseconds(5);
  SimTime connection_timeout = Milliseconds(50);
  int64_t initial_window = 10;  // segments
};

// TCP traffic between hosts.
struct FabricWorkload {
  std::string kind = "none";  // none permutation incast poisson
  // permutation, incast: long-lived flows; poisson: flows arrive.
  int64_t flows = 1;                // permutation: a host; incast: senders
  int64_t receiver = 0;             // incast
  Ratio load{0.5};                  // poisson: of the hosts' link rates
  std::string sizes = "websearch";  // poisson: name in the flow-size table
};

struct DatacentreConfig {
  TopologyConfig topology;
  RoutingConfig routing;
  TransportConfig transport;
  FabricWorkload traffic;
  std::optional<ChainConfig> chain;
};

// --- WLAN -----------------------------------------------------------------

struct Position {
  Length x;
  Length y;
};

struct AccessPointConfig {
  std::string name;
  Position position;
  int64_t channel = 36;  // IEEE channel number of the whole width
  int64_t stations = 4;  // placed on a circle of `station_distance`
  Length station_distance{5};
};

struct WlanTraffic {
  std::string transport = "udp";       // udp tcp
  std::string direction = "downlink";  // downlink uplink both
  Bandwidth rate_per_station = Mbps(10);
  DataSize packet_size{1472};
  bool saturated = false;  // a sender always has a packet
};

struct WlanConfig {
  std::string standard = "802.11ax";  // 802.11a 802.11n 802.11ac 802.11ax
  Frequency width{20e6};
  SimTime guard_interval{3200};        // 802.11ax only: 800 1600 3200 ns
  std::string phy = "spectrum";        // spectrum yans
  std::string rate_control = "ideal";  // ideal minstrel constant
  int64_t mcs = 7;                     // rate_control: constant; 802.11a: index
                                       // of 6 9 12 18 24 36 48 54 Mbit/s
  PowerDbm transmit_power{16};
  double path_loss_exponent = 3.0;
  Length reference_distance{1};
  double reference_loss_db = 46.67;                // at 1 m and 5.15 GHz
  SimTime beacon_interval = Microseconds(102400);  // multiple of 1024us
  int64_t retry_limit = 7;  // transmissions before a frame is given up
  std::vector<AccessPointConfig> access_points;
  WlanTraffic traffic;
};

// --- The whole ------------------------------------------------------------

struct ControllerConfig {
  std::string agent = "static";  // `airlock list agents`
  SimTime interval = Milliseconds(100);
};

// Keys that may change or go without notice. None at present.
struct ExperimentalConfig {};

struct Scenario {
  int64_t schema = 1;
  std::string name;
  std::string description;
  RunConfig run;
  ControllerConfig controller;
  // Exactly one of the networks is given.
  std::optional<DatacentreConfig> datacentre;
  std::optional<WlanConfig> wlan;
  ExperimentalConfig experimental;
};

}  // namespace airlock
