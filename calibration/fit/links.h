#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/telemetry/trace.h"

namespace airlock {

// Places by satellite are known to some 5 m: what is nearer than this may be
// anywhere within it, and its logarithm tells nothing.
inline constexpr double kLeastDistance = 10;  // m

// Rate adaptation forgets what frames met longer ago than about this.
inline constexpr double kRssiMemory = 10;  // s

// Where a receiver was and what it heard in one sample of a trace. Missing
// values are NaN.
struct LinkSample {
  int64_t sample = 0;   // of the trace
  double distance = 0;  // m, at least kLeastDistance
  double x = 0;         // m, from the sender; (distance, 0) if unknown
  double y = 0;
  // Direction of travel, held while the receiver stands; (0, 0) if it never
  // moved.
  double heading_x = 0;
  double heading_y = 0;
  double rssi = 0;  // dBm
  // Mean and standard deviation of the RSSI of the last kRssiMemory seconds,
  // this sample included.
  double recent_rssi = 0;
  double rssi_spread = 0;
  double rate = 0;         // PHY rate in bit/s
  double utilisation = 0;  // 0..1, own frames included
  double goodput = 0;      // bit/s
  bool offered = true;     // the sender had traffic
};

// What an access point sent to one station: the columns
// station.AP.STATION.METRIC of a trace. Only samples in which a frame came and
// the distance is known.
struct Link {
  std::string ap;
  std::string station;
  double frequency = 0;  // Hz; 0 if unknown
  std::vector<LinkSample> samples;
};

// The links of a trace by name. `silent`: how many pairs and samples had no
// frame, which tell nothing: whether the link was down, the receiver gone or
// its recorder stopped is not known. Throws InputError if no station has the
// columns rssi and distance, or a unit is not as expected.
std::vector<Link> ReadLinks(const Trace& trace, int64_t* silent);

}  // namespace airlock
