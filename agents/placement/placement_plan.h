#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/scenario/server_placement.h"
#include "sim/scenario/servers_config.h"
#include "sim/server/steady_state.h"

namespace airlock {

// How many cores each function has, and on which machine.
struct PlacementPlan {
  std::vector<int64_t> cores;     // 1 or more
  std::vector<int64_t> machines;  // index of each function's machine

  friend bool operator==(const PlacementPlan& a, const PlacementPlan& b) {
    return a.cores == b.cores && a.machines == b.machines;
  }
};

// What is known of machines, functions and chains beforehand.
struct PlacementSetup {
  ServersConfig servers;
  std::shared_ptr<const SteadyModel> model;
  std::vector<Placement> placed;  // at the start; competitors behind functions
  std::vector<int64_t> room;      // cores of each machine, without competitors'
  std::vector<int64_t> memory;    // the same, bytes
  // [machine][function]: of a core, for a packet, alone.
  std::vector<std::vector<double>> solo_seconds;
  std::vector<double> peaks;  // packets a second that each chain is built for

  size_t functions() const { return servers.functions.size(); }
  int64_t machines() const { return static_cast<int64_t>(room.size()); }
};
// Throws InputError for servers whose functions cannot be given cores one by
// one: cores that functions share, run-to-completion chains.
PlacementSetup PlacementSetupOf(const ServersConfig& servers);

PlacementPlan FirstPlan(const PlacementSetup& setup);
// Cores in use, by machine.
std::vector<int64_t> CoresInUse(const PlacementPlan& plan,
                                const PlacementSetup& setup);
int64_t MachinesInUse(const PlacementPlan& plan, const PlacementSetup& setup);
int64_t CoresInUse(const PlacementPlan& plan);
// Whether every machine has the cores and the memory.
bool Fits(const PlacementPlan& plan, const PlacementSetup& setup);

// The cores themselves once `plan` takes the place of what is `placed`, as the
// engine chooses them: functions give up their last cores and get the lowest
// free ones. `plan` fits.
std::vector<Placement> PlacementsAfter(const std::vector<Placement>& placed,
                                       const PlacementPlan& plan);
// The same of one machine: functions elsewhere have no cores, and `plan` need
// not fit there.
std::vector<Placement> PlacementsOn(int64_t machine,
                                    const std::vector<Placement>& placed,
                                    const PlacementPlan& plan);
// function.NAME.cores and function.NAME.machine of what changes.
std::map<std::string, double> SettingsBetween(const PlacementPlan& before,
                                              const PlacementPlan& after,
                                              const PlacementSetup& setup);
// How long each function rests when `after` takes the place of `before`.
std::vector<double> RestBetween(const PlacementPlan& before,
                                const PlacementPlan& after,
                                const PlacementSetup& setup);

}  // namespace airlock
