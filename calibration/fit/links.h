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
// values are NaN. Nothing in it is from later samples.
struct LinkSample {
  int64_t sample = 0;   // of the trace
  double distance = 0;  // m, at least kLeastDistance
  // m, from the sender; (distance, 0) on a link that has no place at all.
  double x = 0;
  double y = 0;
  // Direction of travel over the last two samples, held while the receiver
  // stands; (0, 0) before its first move.
  double heading_x = 0;
  double heading_y = 0;
  double rssi = 0;  // dBm
  // Mean and standard deviation of the RSSI of the last kRssiMemory seconds,
  // this sample included.
  double recent_rssi = 0;
  double rssi_spread = 0;
  double frequency = 0;    // Hz
  double rate = 0;         // PHY rate in bit/s
  double utilisation = 0;  // 0..1, own frames included
  double goodput = 0;      // bit/s
  bool offered = true;     // the sender had traffic
};

// What an access point sent to one station: the columns
// station.AP.STATION.METRIC of a trace. Only samples in which a frame came and
// the distance is known, and the place if it ever is.
struct Link {
  std::string ap;
  std::string station;
  double frequency = 0;  // Hz; 0 as long as nobody has decided on one
  std::vector<LinkSample> samples;
};

// How many samples of all links are left out, and why.
struct LeftOutSamples {
  // Without a frame, which tells nothing: whether the link was down, the
  // receiver gone or its recorder stopped is not known.
  int64_t silent = 0;
  int64_t without_distance = 0;  // but a frame
  int64_t without_place = 0;     // but a distance, and other samples have one
};

// The links of a trace by name. Throws InputError if no station has the columns
// rssi and distance, or a unit is not as expected.
std::vector<Link> ReadLinks(const Trace& trace, LeftOutSamples* left_out);

}  // namespace airlock
