#pragma once

#include <optional>
#include <string>

#include "sim/base/units.h"
#include "sim/topology/topology_config.h"

// TCP and its traffic in a fabric, as plain structs with defaults.
namespace airlock {

struct TransportConfig {
  std::string kind = "dctcp";  // dctcp cubic newreno
  DataSize segment{1448};
  DataSize buffer{4 * 1024 * 1024};
  SimTime min_rto = Milliseconds(5);
  SimTime connection_timeout = Milliseconds(50);
  int64_t initial_window = 10;  // segments
  SimTime delayed_ack_timeout = Microseconds(2500);
  int64_t delayed_ack_segments = 2;
  int64_t syn_retries = 6;
  int64_t data_retries = 15;
  SimTime segment_lifetime = Milliseconds(20);  // ports are free after twice it
  bool sack = true;
  double dctcp_gain = 0.0625;  // g
};

// TCP traffic between hosts.
struct FabricWorkload {
  // none permutation incast all-to-all poisson rack-matrix trace
  std::string kind = "none";
  // permutation, incast, all-to-all: rounds of flows, long-lived or of
  // `request` bytes; poisson, rack-matrix, trace: flows arrive.
  int64_t flows = 1;                  // permutation: a host; incast: senders
  int64_t receiver = 0;               // incast
  std::optional<DataSize> request;    // of each flow; absent: never ends
  std::optional<SimTime> interval;    // between rounds; absent: one round
  SimTime stagger = Milliseconds(1);  // starts of a round are spread over it
  Ratio load{0.5};                    // poisson, rack-matrix
  std::string sizes = "websearch";    // name in the flow-size table
  std::string sizes_file;             // in its place (absolute path), or empty
  std::string matrix;                 // rack-matrix: file (absolute path)
  std::string trace;                  // trace: file (absolute path)
};

}  // namespace airlock
