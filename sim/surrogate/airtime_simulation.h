#pragma once

#include <memory>

#include "sim/engine/scene.h"
#include "sim/scenario/resolve.h"

namespace airlock {

// The airtime of a WLAN scenario, without packets: loads change at the start of
// each slot of `wlan.load`, plans when a controller acts, and in between every
// counter is constant. Same observation columns of access points and stations
// as the packet engine, except what airtime does not know (a station's rate and
// retries are missing), same actions, same course of loads for the same seed
// and replication. A change of channel costs regret but no time. The series
// have what slots change: no stations and no scans of neighbours.
//
// Where an access point needs more time than its neighbours leave, it gets
//   own / (own + heard)        of what it needs, law `sum`;
//   (1 - heard) / own          law `union`.
// Regret is counted per slot of `wlan.load`; with profile `constant`, per
// decision. Metrics leave out the first wlan.airtime.dropped_slots.
std::unique_ptr<Scene> CreateAirtimeScene(const ResolvedScenario& scenario);

}  // namespace airlock
