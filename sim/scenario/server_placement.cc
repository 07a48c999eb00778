#include "sim/scenario/server_placement.h"

#include <algorithm>
#include <map>
#include <set>

namespace airlock {
namespace {

int64_t FindMachine(const ServersConfig& servers, const std::string& name) {
  if (name.empty()) return servers.machines.empty() ? -1 : 0;
  for (size_t i = 0; i < servers.machines.size(); ++i) {
    if (servers.machines[i].name == name) return static_cast<int64_t>(i);
  }
  return -1;
}

}  // namespace

int64_t CoresOf(const MachineConfig& machine) {
  return machine.sockets * machine.cores_per_socket;
}

int64_t SocketOf(const MachineConfig& machine, int64_t core) {
  return core / machine.cores_per_socket;
}

std::vector<Placement> PlacePrograms(const ServersConfig& servers) {
  std::vector<Placement> placed;
  for (const FunctionConfig& f : servers.functions) {
    placed.push_back({FindMachine(servers, f.machine), f.cores});
  }
  for (const CompetitorConfig& c : servers.competitors) {
    placed.push_back({FindMachine(servers, c.machine), c.cores});
  }
  std::set<std::pair<int64_t, int64_t>> taken;
  for (const Placement& one : placed) {
    for (const int64_t core : one.cores) taken.insert({one.machine, core});
  }
  for (Placement& one : placed) {
    if (one.machine < 0 || !one.cores.empty()) continue;
    const MachineConfig& machine =
        servers.machines[static_cast<size_t>(one.machine)];
    for (int64_t core = 0; core < CoresOf(machine); ++core) {
      if (!taken.insert({one.machine, core}).second) continue;
      one.cores = {core};
      break;
    }
  }
  return placed;
}

std::vector<std::string> FunctionsOfEdges(const ServiceChainConfig& chain) {
  std::vector<std::string> functions;
  for (const ChainEdge& edge : chain.edges) {
    for (const std::string& name : {edge.from, edge.to}) {
      if (name == kChainOut) continue;
      if (std::find(functions.begin(), functions.end(), name) ==
          functions.end()) {
        functions.push_back(name);
      }
    }
  }
  return functions;
}

std::vector<ChainStep> ChainSteps(const ServiceChainConfig& chain) {
  std::vector<ChainStep> steps;
  if (chain.edges.empty()) {
    for (size_t i = 0; i < chain.path.size(); ++i) {
      const bool last = i + 1 == chain.path.size();
      steps.push_back(
          {chain.path[i], {{last ? -1 : static_cast<int64_t>(i) + 1, 1}}});
    }
    return steps;
  }
  // Kahn (Comm. ACM 5, 1962): a function once all before it are placed.
  std::map<std::string, int64_t> waits_for;
  for (const ChainEdge& edge : chain.edges) {
    if (edge.to != kChainOut) ++waits_for[edge.to];
  }
  std::vector<std::string> ready;
  const std::vector<std::string> functions = FunctionsOfEdges(chain);
  for (const std::string& name : functions) {
    if (waits_for[name] == 0) ready.push_back(name);
  }
  std::map<std::string, int64_t> step_of;
  for (size_t i = 0; i < ready.size(); ++i) {
    step_of[ready[i]] = static_cast<int64_t>(i);
    for (const ChainEdge& edge : chain.edges) {
      if (edge.from != ready[i] || edge.to == kChainOut) continue;
      if (--waits_for[edge.to] == 0) ready.push_back(edge.to);
    }
  }
  for (const std::string& name : ready) {
    ChainStep step{name, {}};
    for (const ChainEdge& edge : chain.edges) {
      if (edge.from != name) continue;
      const bool out = edge.to == kChainOut;
      step.next.push_back({out ? -1 : step_of[edge.to], edge.share.value()});
    }
    if (step.next.empty()) step.next.push_back({-1, 1});
    steps.push_back(std::move(step));
  }
  return steps;
}

}  // namespace airlock
