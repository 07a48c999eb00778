#include "agents/placement/placement_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sim/base/error.h"

namespace airlock {
namespace {

void CheckManageable(const ServersConfig& servers) {
  for (const FunctionConfig& f : servers.functions) {
    if (f.shared_core) {
      throw InputError(fmt::format(
          "function '{}' shares cores (shared_core); a manager of cores wants "
          "functions that have theirs alone",
          f.name));
    }
  }
  for (const ServiceChainConfig& chain : servers.chains) {
    if (chain.mode == "pipeline") continue;
    throw InputError(
        fmt::format("chain '{}' is {}; a manager of cores wants mode: pipeline",
                    chain.name, chain.mode));
  }
}

// Packets a second at the highest rate that a chain's load names.
double PeakOf(const ServiceChainConfig& chain) {
  double bytes = 0, shares = 0;
  for (const PacketSizeShare& one : chain.packet_sizes) {
    bytes += static_cast<double>(one.size.value()) * one.share.value();
    shares += one.share.value();
  }
  const LoadProfile& load = chain.load;
  const Bandwidth rate =
      load.kind == "constant" ? load.rate : std::max(load.rate, load.peak);
  return static_cast<double>(rate.value()) / 8 / (bytes / shares);
}

}  // namespace

PlacementSetup PlacementSetupOf(const ServersConfig& servers) {
  CheckManageable(servers);
  PlacementSetup setup;
  setup.servers = servers;
  setup.model = std::make_shared<SteadyModel>(servers);
  setup.placed = PlacePrograms(servers);
  for (size_t m = 0; m < servers.machines.size(); ++m) {
    setup.room.push_back(CoresOf(servers.machines[m]));
    setup.memory.push_back(servers.machines[m].memory.value());
    setup.solo_seconds.push_back(setup.model->SoloSeconds(m));
  }
  for (size_t c = 0; c < servers.competitors.size(); ++c) {
    const Placement& place = setup.placed[setup.functions() + c];
    const auto m = static_cast<size_t>(place.machine);
    const auto cores = static_cast<int64_t>(place.cores.size());
    setup.room[m] -= cores;
    setup.memory[m] -= cores * servers.competitors[c].memory.value();
  }
  for (const ServiceChainConfig& chain : servers.chains) {
    setup.peaks.push_back(PeakOf(chain));
  }
  return setup;
}

PlacementPlan FirstPlan(const PlacementSetup& setup) {
  PlacementPlan plan;
  for (size_t f = 0; f < setup.functions(); ++f) {
    plan.cores.push_back(static_cast<int64_t>(setup.placed[f].cores.size()));
    plan.machines.push_back(setup.placed[f].machine);
  }
  return plan;
}

std::vector<int64_t> CoresInUse(const PlacementPlan& plan,
                                const PlacementSetup& setup) {
  std::vector<int64_t> used(setup.room.size());
  for (size_t f = 0; f < plan.cores.size(); ++f) {
    used[static_cast<size_t>(plan.machines[f])] += plan.cores[f];
  }
  return used;
}

int64_t MachinesInUse(const PlacementPlan& plan, const PlacementSetup& setup) {
  const std::vector<int64_t> used = CoresInUse(plan, setup);
  return setup.machines() - std::count(used.begin(), used.end(), 0);
}

int64_t CoresInUse(const PlacementPlan& plan) {
  int64_t cores = 0;
  for (const int64_t one : plan.cores) cores += one;
  return cores;
}

bool Fits(const PlacementPlan& plan, const PlacementSetup& setup) {
  std::vector<int64_t> cores = setup.room;
  std::vector<int64_t> memory = setup.memory;
  for (size_t f = 0; f < plan.cores.size(); ++f) {
    const auto m = static_cast<size_t>(plan.machines[f]);
    if (plan.cores[f] < 1) return false;
    cores[m] -= plan.cores[f];
    memory[m] -= plan.cores[f] * setup.servers.functions[f].memory.value();
    if (cores[m] < 0 || memory[m] < 0) return false;
  }
  return true;
}

std::vector<Placement> PlacementsAfter(const std::vector<Placement>& placed,
                                       const PlacementPlan& plan) {
  std::vector<Placement> after = placed;
  for (size_t f = 0; f < plan.cores.size(); ++f) {
    if (after[f].machine != plan.machines[f]) after[f].cores.clear();
    after[f].machine = plan.machines[f];
    const auto most = static_cast<size_t>(plan.cores[f]);
    if (after[f].cores.size() > most) after[f].cores.resize(most);
  }
  std::set<std::pair<int64_t, int64_t>> taken;
  for (const Placement& one : after) {
    for (const int64_t core : one.cores) taken.insert({one.machine, core});
  }
  for (size_t f = 0; f < plan.cores.size(); ++f) {
    const auto wanted = static_cast<size_t>(plan.cores[f]);
    for (int64_t core = 0; after[f].cores.size() < wanted; ++core) {
      if (!taken.insert({after[f].machine, core}).second) continue;
      after[f].cores.push_back(core);
    }
  }
  return after;
}

std::vector<Placement> PlacementsOn(int64_t machine,
                                    const std::vector<Placement>& placed,
                                    const PlacementPlan& plan) {
  PlacementPlan there = plan;
  std::vector<Placement> before = placed;
  for (size_t f = 0; f < plan.cores.size(); ++f) {
    if (plan.machines[f] == machine) continue;
    there.cores[f] = 0;
    before[f].cores.clear();
  }
  return PlacementsAfter(before, there);
}

std::map<std::string, double> SettingsBetween(const PlacementPlan& before,
                                              const PlacementPlan& after,
                                              const PlacementSetup& setup) {
  std::map<std::string, double> settings;
  for (size_t f = 0; f < after.cores.size(); ++f) {
    const std::string name = "function." + setup.servers.functions[f].name;
    if (before.cores[f] != after.cores[f]) {
      settings[name + ".cores"] = static_cast<double>(after.cores[f]);
    }
    if (before.machines[f] != after.machines[f]) {
      settings[name + ".machine"] = static_cast<double>(after.machines[f]);
    }
  }
  return settings;
}

std::vector<double> RestBetween(const PlacementPlan& before,
                                const PlacementPlan& after,
                                const PlacementSetup& setup) {
  std::vector<double> rest(after.cores.size());
  for (size_t f = 0; f < rest.size(); ++f) {
    if (before.machines[f] != after.machines[f]) {
      rest[f] = Seconds(setup.servers.migration_time);
    } else if (before.cores[f] != after.cores[f]) {
      rest[f] = Seconds(setup.servers.rescale_time);
    }
  }
  return rest;
}

}  // namespace airlock
