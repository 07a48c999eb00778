#pragma once

#include <ns3/nstime.h>
#include <ns3/wifi-net-device.h>
#include <ns3/wifi-phy-listener.h>

#include <cstdint>

// Private to sim/packet.
namespace airlock {

// When anything last began to transmit, of all that shares the air.
struct AirLog {
  int64_t last_transmission_ns = -1000000000;
};

// Says when a radio is at rest, so that it can be put on another channel. What
// follows a frame within a SIFS (acknowledgements, the next frame of a TXOP,
// what was reserved) is an event of ns-3 3.37 that is already scheduled and
// ends the program if the radio is just switching.
//
// Never holds outside: the radio keeps a pointer to this, so it must outlive
// the radio's last event.
class RadioRest : public ns3::WifiPhyListener {
 public:
  // Notes this radio's transmissions in `air`, which outlives it.
  RadioRest(ns3::Ptr<ns3::WifiNetDevice> device, AirLog* air);
  ~RadioRest() override = default;
  RadioRest(const RadioRest&) = delete;
  RadioRest& operator=(const RadioRest&) = delete;

  // Keeps the radio from contending for the channel until `duration` from now
  // or the change of the channel: sets its NAV. Responses still go out.
  void Hold(ns3::Time duration);
  // Neither transmits nor waits for a response, and owes none.
  bool IsAtRest() const;
  // In a state in which a channel can be set at all: neither off nor asleep.
  bool IsOn() const;

  void NotifyTxStart(ns3::Time duration, double) override;
  void NotifyRxEndOk() override;
  void NotifyRxStart(ns3::Time) override {}
  void NotifyRxEndError() override {}
  void NotifyCcaBusyStart(ns3::Time, ns3::WifiChannelListType,
                          const std::vector<ns3::Time>&) override {}
  void NotifySwitchingStart(ns3::Time) override {}
  void NotifySleep() override {}
  void NotifyOff() override {}
  void NotifyWakeup() override {}
  void NotifyOn() override {}

 private:
  ns3::Ptr<ns3::WifiNetDevice> device_;
  AirLog* air_;
  int64_t last_frame_ns_ = -1000000000;  // end of the last one sent or received
};

}  // namespace airlock
