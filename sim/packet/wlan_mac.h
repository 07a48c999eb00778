#pragma once

#include <ns3/ap-wifi-mac.h>
#include <ns3/sta-wifi-mac.h>

#include <optional>

#include "sim/base/rng.h"

// Private to sim/packet.
namespace airlock {

// ns-3's MACs of an access point and of a station, for networks that change
// channels during a run. What ns-3 3.37 does at a change is what a radio does
// that has lost its network: it forgets its peers, a station disassociates,
// flushes its queues and scans, and no queue asks for the channel again. These
// keep associations, block-ack agreements, rates and queues, as after an
// announced switch (IEEE 802.11-2020, 11.8.8.2), and every access category
// contends for the new channel with a fresh backoff. Within a band only.
//
// Never holds outside: the change itself is safe only when the radio is at rest
// (ChannelSwitching, wlan_switching.h).

// What both kinds do when the radio is on its new channel.
class ContentionRestart {
 public:
  // Where the backoffs come from that begin on a new channel: one a device, or
  // BSSs that moved together would count down together.
  void SetBackoffs(const RngStream& stream) { backoffs_ = stream; }

 protected:
  void Restart(ns3::WifiMac* mac, uint8_t link);

 private:
  std::optional<RngStream> backoffs_;
};

class SwitchingApMac : public ns3::ApWifiMac, public ContentionRestart {
 public:
  static ns3::TypeId GetTypeId();
  void NotifyChannelSwitching(uint8_t link) override { Restart(this, link); }
};

class SwitchingStationMac : public ns3::StaWifiMac, public ContentionRestart {
 public:
  static ns3::TypeId GetTypeId();
  void NotifyChannelSwitching(uint8_t link) override { Restart(this, link); }
};

// Tells the rate control of `mac` what the peer can do on the channel that the
// peer is on now, as its (re)association or an operating mode notification
// would: the width above all.
void LearnCapabilities(ns3::Ptr<ns3::WifiMac> mac, ns3::Ptr<ns3::WifiMac> peer);

}  // namespace airlock
