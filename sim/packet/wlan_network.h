#pragma once

#include <ns3/ipv4-address.h>
#include <ns3/net-device-container.h>
#include <ns3/node-container.h>
#include <ns3/wifi-net-device.h>

#include <string>
#include <vector>

#include "sim/scenario/scenario.h"

// Private to sim/packet.
namespace airlock {

// A station in ns-3. `name` is "AP.INDEX", counted from 0.
struct WlanStation {
  std::string name;
  ns3::Ptr<ns3::WifiNetDevice> device;
  ns3::Ipv4Address address;
};

// An access point with its stations: a BSS, with an IPv4 subnet of its own.
struct WlanCell {
  AccessPointConfig config;
  ns3::Ptr<ns3::WifiNetDevice> device;
  ns3::Ipv4Address address;
  std::vector<WlanStation> stations;
};

// The access points and stations of a scenario in ns-3, on one radio channel
// (MultiModelSpectrumChannel, which has adjacent-channel interference, or
// YansWifiChannel, which only knows equal channel numbers). One spatial stream;
// packets leave and end in the access point itself.
//
// Never holds outside: ns-3 is process-wide, so one in a process.
class WlanNetwork {
 public:
  // Builds without running. Throws Error, naming the access point, for a
  // channel that ns-3 does not have.
  explicit WlanNetwork(const WlanConfig& config);

  // Runs until every station is associated and fills the ARP caches. Throws
  // Error naming the station that does not associate.
  void Settle();

  // Gives every random variable of the devices and the network stack a stream
  // from ns-3's present seed and run.
  void AssignStreams();

  const std::vector<WlanCell>& cells() const { return cells_; }

 private:
  void InstallDevices();
  void PlaceNodes();
  void InstallInternet();
  void FillArpCaches();

  WlanConfig config_;
  std::vector<WlanCell> cells_;
  // Of each cell the access point first, then its stations.
  ns3::NodeContainer nodes_;
  ns3::NetDeviceContainer devices_;
};

}  // namespace airlock
