#pragma once

#include <string>
#include <vector>

#include "sim/engine/simulation.h"
#include "sim/scenario/scenario.h"

namespace airlock {

// The columns by which a station starves: while it gets less than half of an
// equal share of what is offered in its BSS.
struct StationFloor {
  std::string delivered;   // the station's
  std::string offered;     // its access point's
  double equal_share = 1;  // of that
};

// Of all stations of a WLAN whose access points are written out.
std::vector<StationFloor> StationFloors(const WlanConfig& wlan);

// Of the stations; 0 where there are none.
double StarvingShare(const Observation& counters,
                     const std::vector<StationFloor>& floors);

}  // namespace airlock
