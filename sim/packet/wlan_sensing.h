#pragma once

#include <ns3/spectrum-value.h>

#include <cstdint>
#include <vector>

#include "sim/packet/wlan_network.h"

// Private to sim/packet.
namespace airlock {

// The second, wideband receivers of access points that have one: each measures
// the mean power on some 20 MHz channels over every millisecond, its access
// point's own frames included, and takes a channel for occupied in that
// millisecond if it is at least -62 dBm, the level of energy detection (IEEE
// 802.11-2020, 17.3.10.6). It hears where its access point stands.
//
// Never holds outside: ns-3 refers to it, so it stays in place until the
// simulator is destroyed.
class WlanSensing {
 public:
  // Before anything runs. `network` must outlive it.
  explicit WlanSensing(WlanNetwork* network);
  WlanSensing(const WlanSensing&) = delete;
  WlanSensing& operator=(const WlanSensing&) = delete;

  // They begin to listen.
  void Start();

  struct Counts {
    int64_t reports = 0;            // milliseconds
    std::vector<int64_t> occupied;  // of these, by channel
  };
  // So far, in the order of the configuration's channels.
  const Counts& counts(size_t cell) const { return counts_[cell]; }

 private:
  void OnReport(size_t cell, const ns3::SpectrumValue& mean);

  std::vector<Counts> counts_;                 // by cell
  std::vector<std::function<void()>> starts_;  // of the receivers
};

}  // namespace airlock
