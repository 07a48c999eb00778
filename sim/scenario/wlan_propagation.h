#pragma once

#include <cstdint>
#include <string>

#include "sim/scenario/scenario.h"

namespace airlock {

// A preamble below this is not detected (ns-3's ThresholdPreambleDetectionModel
// and the sensitivity that IEEE 802.11-2020, 17.3.10.2, asks of 6 Mbit/s): who
// hears less is out of range.
inline constexpr PowerDbm kPreambleThreshold{-82};

// How much of a signal arrives in a WLAN, by its scenario. Equal for every
// engine: what is random depends on the scenario's seed and the nodes' names
// only, so a node more changes nothing between the others.
//
//   P_rx = P_tx + V_ap - L0 - 10 n log10(d / d0) - sum of walls - S_ij
//
// with exponent n, reference distance d0 and loss L0 of the band, the walls
// that the straight line crosses, shadowing S_ij ~ N(0, shadowing_db) of the
// ordered pair, and V_ap ~ N(0, power_variation_db) of an access point that
// sends (the instances of Iacoboaiea et al., IFIP Networking 2021, section V:
// n = 3, 4 dB and 3 dB). Shadowing does not change when a station moves.
class WlanPropagation {
 public:
  // `wlan` must outlive it.
  WlanPropagation(const WlanConfig& wlan, int64_t seed)
      : wlan_(wlan), seed_(static_cast<uint64_t>(seed)) {}

  // Distance and walls, in dB; what every draw has as its mean.
  double PathLossDb(const Position& from, const Position& to,
                    bool in_24ghz_band) const;
  // S of the ordered pair in dB. A station's name is "AP.STATION".
  double ShadowingDb(const std::string& from, const std::string& to) const;
  // V of an access point in dB.
  double PowerVariationDb(const std::string& ap) const;

  // At which power `to` hears `from`, both access points, in dBm: what a scan
  // of the neighbours sees.
  double RssiDbm(const AccessPointConfig& from,
                 const AccessPointConfig& to) const;

 private:
  const WlanConfig& wlan_;
  uint64_t seed_;
};

// Walls that the straight line between two points crosses. A wall has its
// `from` and lacks its `to`, so that two walls end to end count once.
double WallLossDb(const WlanConfig& wlan, const Position& a, const Position& b);

}  // namespace airlock
