#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sim/base/error.h"
#include "sim/server/server_engine.h"

// Changes of placement at run time.
namespace airlock {

std::vector<size_t> ServerEngine::Together(size_t function) const {
  std::set<size_t> together = {function};
  for (bool grows = true; grows;) {
    grows = false;
    for (const StationPlan& station : layout_.stations) {
      const auto moves = [&](const StationPart& part) {
        return together.count(part.function) > 0;
      };
      if (station.parts.size() < 2 ||
          std::none_of(station.parts.begin(), station.parts.end(), moves)) {
        continue;
      }
      for (const StationPart& part : station.parts) {
        grows = together.insert(part.function).second || grows;
      }
    }
  }
  return {together.begin(), together.end()};
}

std::vector<int64_t> ServerEngine::FreeCores(
    size_t function, int64_t machine,
    const std::vector<Placement>& placed) const {
  const std::vector<size_t> together = Together(function);
  std::set<int64_t> taken;
  for (size_t p = 0; p < placed.size(); ++p) {
    const bool moves =
        std::find(together.begin(), together.end(), p) != together.end();
    if (moves || placed[p].machine != machine) continue;
    taken.insert(placed[p].cores.begin(), placed[p].cores.end());
  }
  std::vector<int64_t> free;
  const int64_t cores =
      CoresOf(servers_.machines[static_cast<size_t>(machine)]);
  for (int64_t core = 0; core < cores; ++core) {
    if (taken.count(core) == 0) free.push_back(core);
  }
  return free;
}

void ServerEngine::TryPlacement(size_t function, const Placement& placement,
                                std::vector<Placement>* placed) const {
  const auto machine = static_cast<size_t>(placement.machine);
  const std::vector<size_t> together = Together(function);
  int64_t used = 0;
  for (size_t p = 0; p < placed->size(); ++p) {
    const bool moves =
        std::find(together.begin(), together.end(), p) != together.end();
    if (!moves && (*placed)[p].machine != placement.machine) continue;
    const size_t functions = servers_.functions.size();
    const DataSize each = p < functions
                              ? servers_.functions[p].memory
                              : servers_.competitors[p - functions].memory;
    const size_t cores =
        moves ? placement.cores.size() : (*placed)[p].cores.size();
    used += each.value() * static_cast<int64_t>(cores);
  }
  const MachineConfig& config = servers_.machines[machine];
  if (used <= config.memory.value()) {
    for (const size_t one : together) (*placed)[one] = placement;
    return;
  }
  throw InputError(fmt::format(
      "{} on {} cores of {} needs {} of memory with what runs there; it has {}",
      servers_.functions[function].name, placement.cores.size(), config.name,
      ToString(DataSize(used)), ToString(config.memory)));
}

void ServerEngine::TryCores(size_t function, int64_t count,
                            std::vector<Placement>* placed) const {
  Placement placement = (*placed)[function];
  const std::string& name = servers_.functions[function].name;
  if (count < 1) {
    throw InputError(
        fmt::format("{} needs at least one core, not {}", name, count));
  }
  if (count == static_cast<int64_t>(placement.cores.size())) return;
  const auto wanted = static_cast<size_t>(count);
  for (const int64_t core : FreeCores(function, placement.machine, *placed)) {
    if (placement.cores.size() >= wanted) break;
    const bool has =
        std::count(placement.cores.begin(), placement.cores.end(), core) > 0;
    if (!has) placement.cores.push_back(core);
  }
  if (placement.cores.size() < wanted) {
    throw InputError(fmt::format(
        "{} cannot have {} cores: {} has {} free and its own", name, count,
        servers_.machines[static_cast<size_t>(placement.machine)].name,
        placement.cores.size() - (*placed)[function].cores.size()));
  }
  placement.cores.resize(wanted);
  TryPlacement(function, placement, placed);
}

void ServerEngine::TryMachine(size_t function, int64_t machine,
                              std::vector<Placement>* placed) const {
  if (machine < 0 || machine >= static_cast<int64_t>(receive_.size())) {
    throw InputError(fmt::format("there is no machine {}; they are 0 to {}",
                                 machine, receive_.size() - 1));
  }
  if (machine == (*placed)[function].machine) return;
  Placement placement{machine, FreeCores(function, machine, *placed)};
  const size_t wanted = (*placed)[function].cores.size();
  if (placement.cores.size() < wanted) {
    throw InputError(
        fmt::format("{} needs {} cores, and {} has {} free",
                    servers_.functions[function].name, wanted,
                    servers_.machines[static_cast<size_t>(machine)].name,
                    placement.cores.size()));
  }
  placement.cores.resize(wanted);
  TryPlacement(function, placement, placed);
}

void ServerEngine::SetCores(size_t function, int64_t count) {
  std::vector<Placement> placed = placement_;
  TryCores(function, count, &placed);
  if (placed[function].cores == placement_[function].cores) return;
  Place(function, placed[function], now_ns_ + servers_.rescale_time.value());
}

void ServerEngine::SetMachine(size_t function, int64_t machine) {
  std::vector<Placement> placed = placement_;
  TryMachine(function, machine, &placed);
  if (placed[function].machine == placement_[function].machine) return;
  Place(function, placed[function], now_ns_ + servers_.migration_time.value());
}

void ServerEngine::Place(size_t function, const Placement& placement,
                         int64_t ready_ns) {
  const std::vector<size_t> together = Together(function);
  for (const size_t one : together) placement_[one] = placement;
  for (size_t s = 0; s < layout_.stations.size(); ++s) {
    const size_t owner = layout_.stations[s].parts[0].function;
    if (std::count(together.begin(), together.end(), owner) == 0) continue;
    std::vector<ServerPacket> waiting;
    const std::vector<size_t> old = std::move(instances_of_[s]);
    instances_of_[s].clear();
    // A rest that has begun is not cut short by a second change.
    const int64_t ready = std::max(ready_ns, instances_[old[0]].ready_ns);
    for (const size_t i : old) Retire(i, &waiting);
    AddInstances(s, ready);
    // Until the next solution they work as those before.
    for (const size_t i : instances_of_[s]) {
      instances_[i].service_ns = instances_[old[0]].service_ns;
      instances_[i].shape = instances_[old[0]].shape;
    }
    SpreadFlows();
    FindMerges();
    for (const ServerPacket& packet : waiting) {
      const auto chain = static_cast<size_t>(packet.chain);
      Join(instances_of_[s][Draw(spread_[chain][s])], packet);
    }
  }
}

void ServerEngine::Retire(size_t index, std::vector<ServerPacket>* waiting) {
  Instance& instance = instances_[index];
  instance.active = false;
  for (; !instance.ring.empty(); instance.ring.PopFront()) {
    waiting->push_back(instance.ring.front());
  }
  Cool(&instance);
  std::vector<size_t>& on_core =
      cores_[CoreIndex(instance.machine, instance.core)].instances;
  on_core.erase(std::find(on_core.begin(), on_core.end(), index));
}

}  // namespace airlock
