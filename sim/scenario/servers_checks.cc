#include "sim/scenario/servers_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "sim/scenario/server_placement.h"

namespace airlock {
namespace {

constexpr double kShareTolerance = 1e-6;

std::string Join(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : ", ") + name;
  }
  return text;
}

void CheckGraph(const ServiceChainConfig& chain, const Reporter& report) {
  const std::vector<std::string> functions = FunctionsOfEdges(chain);
  std::map<std::string, double> shares;
  std::set<std::string> reached;
  for (size_t i = 0; i < chain.edges.size(); ++i) {
    const ChainEdge& edge = chain.edges[i];
    if (edge.from == kChainOut) {
      report.Error(fmt::format("edges.{}.from", i),
                   "nothing comes back from 'out'", "write a function");
    }
    shares[edge.from] += edge.share.value();
    reached.insert(edge.to);
  }
  for (size_t i = 0; i < chain.edges.size(); ++i) {
    const std::string& from = chain.edges[i].from;
    const auto sum = shares.find(from);
    if (sum == shares.end()) continue;
    if (std::abs(sum->second - 1) > kShareTolerance) {
      report.Error(fmt::format("edges.{}.share", i),
                   fmt::format("the shares of what leaves {} sum to {:.4g}%",
                               from, 100 * sum->second),
                   "they must sum to 100%; `to: out` takes what leaves the "
                   "chain");
    }
    shares.erase(sum);
  }
  std::vector<std::string> entries;
  for (const std::string& name : functions) {
    if (reached.count(name) == 0) entries.push_back(name);
  }
  if (entries.size() > 1) {
    report.Error(
        "edges",
        fmt::format("{} cannot be reached: packets enter at {}",
                    Join({entries.begin() + 1, entries.end()}), entries[0]),
        "one function may be nobody's next");
    return;
  }
  const size_t placed = entries.empty() ? 0 : ChainSteps(chain).size();
  if (placed < functions.size()) {
    report.Error("edges",
                 fmt::format("there is a cycle among {}", Join(functions)),
                 "packets must leave the chain after finitely many functions");
  }
}

// One of the programs, as checks of placement see it.
struct Program {
  std::string key;  // "functions.0"
  std::string name;
  std::string machine;
  bool shared;
  int64_t memory_each;
  bool cores_given;
};

std::vector<Program> ProgramsOf(const ServersConfig& servers) {
  std::vector<Program> programs;
  for (size_t i = 0; i < servers.functions.size(); ++i) {
    const FunctionConfig& f = servers.functions[i];
    programs.push_back({fmt::format("functions.{}", i), f.name, f.machine,
                        f.shared_core, f.memory.value(), !f.cores.empty()});
  }
  for (size_t i = 0; i < servers.competitors.size(); ++i) {
    const CompetitorConfig& c = servers.competitors[i];
    programs.push_back({fmt::format("competitors.{}", i), c.name, c.machine,
                        c.shared_core, c.memory.value(), !c.cores.empty()});
  }
  return programs;
}

// Names of the machines that there are.
std::string MachineNames(const ServersConfig& servers) {
  std::vector<std::string> names;
  for (const MachineConfig& m : servers.machines) names.push_back(m.name);
  return Join(names);
}

void CheckPlacement(const ServersConfig& servers, const Reporter& report) {
  const std::vector<Program> programs = ProgramsOf(servers);
  const std::vector<Placement> placed = PlacePrograms(servers);
  std::map<std::pair<int64_t, int64_t>, size_t> owner;
  for (size_t i = 0; i < programs.size(); ++i) {
    const Program& program = programs[i];
    if (placed[i].machine < 0) {
      report.Error(program.key + ".machine",
                   fmt::format("there is no machine '{}'", program.machine),
                   "the machines are " + MachineNames(servers));
      continue;
    }
    const MachineConfig& machine =
        servers.machines[static_cast<size_t>(placed[i].machine)];
    const int64_t cores = CoresOf(machine);
    if (placed[i].cores.empty()) {
      report.Error(
          program.key,
          fmt::format("no core of {} is left for {}: {} programs need "
                      "one of their own, and it has {}",
                      machine.name, program.name, programs.size(), cores),
          "place some on another machine, or on cores that they "
          "share (cores, shared_core)");
      continue;
    }
    for (size_t c = 0; c < placed[i].cores.size(); ++c) {
      const int64_t core = placed[i].cores[c];
      const std::string key = program.cores_given
                                  ? fmt::format("{}.cores.{}", program.key, c)
                                  : program.key;
      if (core < 0 || core >= cores) {
        report.Error(key, fmt::format("{} has no core {}", machine.name, core),
                     fmt::format("it has the cores 0 to {}", cores - 1));
        continue;
      }
      const auto [it, fresh] = owner.insert({{placed[i].machine, core}, i});
      if (fresh) continue;
      const Program& other = programs[it->second];
      if (it->second == i) {
        report.Error(key, fmt::format("core {} is named twice", core));
      } else if (!program.shared || !other.shared) {
        report.Error(key,
                     fmt::format("core {} of {} belongs to {} already", core,
                                 machine.name, other.name),
                     "write another core, or shared_core: true at both");
      }
    }
  }
}

void CheckMemory(const ServersConfig& servers, const Reporter& report) {
  const std::vector<Program> programs = ProgramsOf(servers);
  const std::vector<Placement> placed = PlacePrograms(servers);
  std::vector<int64_t> used(servers.machines.size());
  for (size_t i = 0; i < programs.size(); ++i) {
    if (placed[i].machine < 0) continue;
    const auto m = static_cast<size_t>(placed[i].machine);
    const int64_t before = used[m];
    used[m] +=
        programs[i].memory_each * static_cast<int64_t>(placed[i].cores.size());
    const int64_t limit = servers.machines[m].memory.value();
    if (before > limit || used[m] <= limit) continue;
    report.Error(
        programs[i].key + ".memory",
        fmt::format("with {}, programs allocate {} of the {} that {} has",
                    programs[i].name, ToString(DataSize(used[m])),
                    ToString(DataSize(limit)), servers.machines[m].name),
        "write less, or place it on another machine");
  }
}

void CheckNames(const ServersConfig& servers, const Reporter& report) {
  std::vector<std::string> names;
  for (const FunctionConfig& f : servers.functions) names.push_back(f.name);
  const auto known = [&names](const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  const auto check = [&](const std::string& name, const std::string& key) {
    if (known(name)) return;
    report.Error(key, "there is no function '" + name + "'",
                 "the functions are " + Join(names));
  };
  for (size_t c = 0; c < servers.chains.size(); ++c) {
    const ServiceChainConfig& chain = servers.chains[c];
    for (size_t i = 0; i < chain.path.size(); ++i) {
      check(chain.path[i], fmt::format("chains.{}.path.{}", c, i));
    }
    for (size_t i = 0; i < chain.edges.size(); ++i) {
      const std::string key = fmt::format("chains.{}.edges.{}", c, i);
      check(chain.edges[i].from, key + ".from");
      if (chain.edges[i].to != kChainOut) {
        check(chain.edges[i].to, key + ".to");
      }
    }
  }
  for (size_t i = 0; i < servers.competitors.size(); ++i) {
    if (!known(servers.competitors[i].name)) continue;
    report.Error(fmt::format("competitors.{}.name", i),
                 "there is a function '" + servers.competitors[i].name + "'",
                 "write another name");
  }
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] != kChainOut) continue;
    report.Error(fmt::format("functions.{}.name", i),
                 "'out' is where chains end", "write another name");
  }
}

// Functions that a core runs one after the other must all be on that core.
void CheckRunToCompletion(const ServersConfig& servers,
                          const Reporter& report) {
  const std::vector<Placement> placed = PlacePrograms(servers);
  std::map<std::string, size_t> index;
  for (size_t i = 0; i < servers.functions.size(); ++i) {
    index[servers.functions[i].name] = i;
  }
  for (size_t c = 0; c < servers.chains.size(); ++c) {
    const ServiceChainConfig& chain = servers.chains[c];
    if (chain.mode != "run-to-completion") continue;
    if (index.count(chain.name) > 0) {
      report.Error(fmt::format("chains.{}.name", c),
                   "there is a function '" + chain.name +
                       "', and the chain's columns are function." + chain.name,
                   "write another name");
    }
    const std::vector<std::string> functions =
        chain.edges.empty() ? chain.path : FunctionsOfEdges(chain);
    for (const std::string& name : functions) {
      if (index.count(name) == 0 || index.count(functions[0]) == 0) continue;
      const Placement& first = placed[index[functions[0]]];
      const Placement& here = placed[index[name]];
      if (here.machine == first.machine && here.cores == first.cores) continue;
      report.Error(
          fmt::format("chains.{}.mode", c),
          fmt::format("{} is not on the cores of {}", name, functions[0]),
          "run-to-completion takes packets through all functions on "
          "one core: give all the same cores and shared_core: true");
      break;
    }
  }
}

}  // namespace

void CheckMachine(const MachineConfig& machine, const Reporter& report) {
  if (machine.nic_socket >= machine.sockets) {
    report.Error("nic_socket",
                 fmt::format("there is no socket {}", machine.nic_socket),
                 fmt::format("the machine has the sockets 0 to {}",
                             machine.sockets - 1));
  }
  if (machine.ddio_ways > machine.l3_ways) {
    report.Error("ddio_ways", fmt::format("{} of {} ways", machine.ddio_ways,
                                          machine.l3_ways));
  }
  if (machine.turbo_one < machine.turbo_all) {
    report.Error("turbo_all", "is above turbo_one",
                 "more active cores never run faster");
  }
}

void CheckFunctionCost(const FunctionConfig& function, const Reporter& report) {
  const BatchCost& cost = function.instructions;
  if (cost.per_packet > 0 || cost.per_byte > 0) return;
  report.Error("instructions.per_packet", "a packet takes no instructions",
               "write more than 0 here or in per_byte");
}

void CheckCompetitor(const CompetitorConfig& competitor,
                     const Reporter& report) {
  if (!competitor.stop || *competitor.stop > competitor.start) return;
  report.Error("stop", fmt::format("{} is not after the start at {}",
                                   ToString(*competitor.stop),
                                   ToString(competitor.start)));
}

void CheckServiceChain(const ServiceChainConfig& chain,
                       const Reporter& report) {
  double sum = 0;
  for (const PacketSizeShare& entry : chain.packet_sizes) {
    sum += entry.share.value();
  }
  if (!(sum > 0)) {
    report.Error("packet_sizes", "all shares are 0%",
                 "write a share of more than 0%");
  }
  if (chain.path.empty() == chain.edges.empty()) {
    report.Error(
        chain.path.empty() ? "" : "edges",
        chain.path.empty() ? "packets pass no function" : "there is a path too",
        "give one of path and edges");
    return;
  }
  if (!chain.edges.empty()) CheckGraph(chain, report);
}

void CheckServers(const ServersConfig& servers, const Reporter& report) {
  CheckPlacement(servers, report);
  CheckMemory(servers, report);
  CheckNames(servers, report);
  CheckRunToCompletion(servers, report);
}

}  // namespace airlock
