#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/rng.h"
#include "sim/scenario/server_placement.h"
#include "sim/scenario/servers_config.h"

namespace airlock {

// A function's work at a station: its visits for each packet of the station
// (1, but in run-to-completion the share of packets that pass it).
struct StationPart {
  size_t function = 0;
  double visits = 1;
};

// What has a ring in front: a function, or a whole run-to-completion chain; on
// each of its cores stands an instance.
struct StationPlan {
  std::string name;  // of the function or the chain
  std::vector<StationPart> parts;
  bool receives = false;  // packets come from an interface
};

// Where packets of a chain go from a step.
struct StepPlan {
  size_t station = 0;
  struct Next {
    int32_t step = -1;      // -1: out of the chain
    double cumulative = 1;  // share of this one and those before
  };
  std::vector<Next> next;
};

// How chains map to stations, whatever cores these have.
struct ServerLayout {
  std::vector<StationPlan> stations;
  std::vector<std::vector<StepPlan>> chains;  // by chain and step
};

ServerLayout LayOut(const ServersConfig& servers);

// The share of `flows` flows that a hash gives each of `instances`, cumulative.
std::vector<double> FlowShares(int64_t flows, size_t instances,
                               RngStream stream);

}  // namespace airlock
