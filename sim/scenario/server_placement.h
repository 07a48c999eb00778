#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/scenario/servers_config.h"

namespace airlock {

inline constexpr char kChainOut[] = "out";  // where a chain's edges end

// Where a program runs.
struct Placement {
  int64_t machine = 0;         // index of it; -1: there is none of that name
  std::vector<int64_t> cores;  // of the machine; empty: none was left
};

// Of all functions, then all competitors. Programs without cores get, in that
// order, the lowest core of their machine that nobody names or has got.
std::vector<Placement> PlacePrograms(const ServersConfig& servers);

// A chain as a graph: what stands at each step and where its packets go.
struct ChainStep {
  std::string function;
  struct Next {
    int64_t step = -1;  // -1: out of the chain
    double share = 1;
  };
  std::vector<Next> next;
};

// The steps in an order in which packets pass them, the entry first. Of a chain
// that CheckServiceChain() let pass.
std::vector<ChainStep> ChainSteps(const ServiceChainConfig& chain);

// The functions of a chain's edges in the order of their first mention.
std::vector<std::string> FunctionsOfEdges(const ServiceChainConfig& chain);

int64_t CoresOf(const MachineConfig& machine);
int64_t SocketOf(const MachineConfig& machine, int64_t core);

}  // namespace airlock
