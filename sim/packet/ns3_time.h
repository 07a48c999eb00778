#pragma once

#include <ns3/nstime.h>

#include "sim/base/ids.h"
#include "sim/base/rng.h"
#include "sim/base/units.h"

// The few conversions between our quantities and ns-3's. Private to sim/packet.
namespace airlock {

inline ns3::Time ToNs3(SimTime time) { return ns3::NanoSeconds(time.value()); }
inline SimTime FromNs3(ns3::Time time) {
  return SimTime(time.GetNanoSeconds());
}

// Sets ns-3's process-wide seed and run number from the scenario's seed. Random
// variables take them over when their stream is set, so call AssignStreams()
// on everything that draws afterwards.
void SeedNs3(const RngTree& rng, Replication replication);

}  // namespace airlock
