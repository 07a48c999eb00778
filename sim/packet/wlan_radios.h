#pragma once

#include <ns3/node.h>
#include <ns3/propagation-loss-model.h>
#include <ns3/spectrum-channel.h>
#include <ns3/wifi-helper.h>
#include <ns3/wifi-mac-helper.h>
#include <ns3/wifi-net-device.h>

#include <memory>
#include <string>

#include "sim/scenario/scenario.h"
#include "sim/scenario/wlan_channels.h"

// Private to sim/packet.
namespace airlock {

// ns-3's form of a channel: "{number,width,band,index of the primary 20 MHz}".
std::string ChannelSettings(const OperatingChannel& channel);

// Makes the radios of a WLAN, all on one medium: MultiModelSpectrumChannel,
// which has adjacent-channel interference, or YansWifiChannel, which only knows
// equal channel numbers. One spatial stream.
//
// Never holds outside: the medium is ns-3's, so it lives until the simulator is
// destroyed.
class WlanRadios {
 public:
  // `loss` is between any two nodes. Sets ns-3's process-wide defaults.
  WlanRadios(const WlanConfig& config,
             ns3::Ptr<ns3::PropagationLossModel> loss);

  // The radio of an access point, or of one of its stations. Throws Error,
  // naming the access point, for a channel that ns-3 does not have.
  ns3::Ptr<ns3::WifiNetDevice> InstallAccessPoint(const AccessPointConfig& ap,
                                                  ns3::Ptr<ns3::Node> node);
  ns3::Ptr<ns3::WifiNetDevice> InstallStation(const AccessPointConfig& ap,
                                              ns3::Ptr<ns3::Node> node);

  // The medium; null for `yans`.
  ns3::Ptr<ns3::SpectrumChannel> spectrum() const { return spectrum_; }

 private:
  ns3::Ptr<ns3::WifiNetDevice> Install(const AccessPointConfig& ap,
                                       PowerDbm power,
                                       const ns3::WifiMacHelper& mac,
                                       ns3::Ptr<ns3::Node> node);

  WlanConfig config_;
  ns3::Ptr<ns3::SpectrumChannel> spectrum_;
  std::unique_ptr<ns3::WifiPhyHelper> phy_;
};

}  // namespace airlock
