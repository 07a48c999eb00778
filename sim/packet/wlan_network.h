#pragma once

#include <ns3/ipv4-address.h>
#include <ns3/net-device-container.h>
#include <ns3/node-container.h>
#include <ns3/wifi-net-device.h>

#include <functional>
#include <string>
#include <vector>

#include "sim/packet/wlan_medium.h"
#include "sim/packet/wlan_radios.h"
#include "sim/packet/wlan_walk.h"
#include "sim/scenario/scenario.h"

// Private to sim/packet.
namespace airlock {

// A station in ns-3. `name` is "AP.STATION".
struct WlanStation {
  std::string name;
  StationConfig config;
  ns3::Ptr<ns3::WifiNetDevice> device;
  ns3::Ipv4Address address;
  ns3::Ptr<StationWalk> walk;  // null: it stands still
};

// An access point with its stations: a BSS, with an IPv4 subnet of its own.
struct WlanCell {
  AccessPointConfig config;
  ns3::Ptr<ns3::WifiNetDevice> device;
  ns3::Ipv4Address address;
  std::vector<WlanStation> stations;
};

// Where a device's node is.
ns3::Ptr<ns3::MobilityModel> PlaceOf(ns3::Ptr<ns3::WifiNetDevice> device);

bool IsAssociated(const WlanStation& station);

// The access points and stations of a scenario in ns-3: radios (WlanRadios) on
// one medium (WlanMedium), IPv4 on top. Packets leave and end in the access
// point itself.
//
// Never holds outside: ns-3 is process-wide, so one in a process.
class WlanNetwork {
 public:
  // Builds without running. `seed`: of what is random in the scenario itself.
  // Throws Error, naming the access point, for a channel that ns-3 does not
  // have.
  WlanNetwork(const WlanConfig& config, int64_t seed);
  WlanNetwork(const WlanNetwork&) = delete;
  WlanNetwork& operator=(const WlanNetwork&) = delete;

  // Runs until every station that is there from the start is associated. Throws
  // Error naming the station that does not associate.
  void Settle();

  // Called with the station's cell and its index there.
  using StationEvent = std::function<void(size_t cell, size_t station)>;
  // The run begins now: stations join, walk and leave in its time. `joined`:
  // one that came later is associated for the first time; `left`: one leaves.
  void Start(StationEvent joined, StationEvent left);

  // Gives every random variable of the devices and the network stack a stream
  // from ns-3's present seed and run: the streams that WifiHelper and
  // InternetStackHelper would assign, one after the other. Writes to few pages,
  // which is what a fork of the network pays for.
  void AssignStreams();

  const std::vector<WlanCell>& cells() const { return cells_; }
  WlanMedium& medium() { return *medium_; }
  WlanRadios& radios() { return radios_; }

 private:
  // How long a station waits for a beacon before it asks for one. Who has heard
  // none by then may never do: without clock drift, beacons of two access
  // points that do not hear each other can meet each time.
  SimTime Patience() const;
  void CreateNodes();
  void PlaceStation(const WlanPlace& access_point, WlanStation* station,
                    ns3::Ptr<ns3::Node> node);
  void InstallDevices();
  void InstallInternet();
  void FindRandomUsers();
  void FillArpCaches(const WlanCell& cell, const WlanStation& station);
  void Join(size_t cell, size_t station);
  void OnAssociated(size_t cell, size_t station);
  void Leave(size_t cell, size_t station);

  const WlanConfig config_;
  const int64_t seed_;
  std::vector<WlanCell> cells_;
  // Of each cell the access point first, then its stations.
  ns3::NodeContainer nodes_;
  ns3::NetDeviceContainer devices_;
  ns3::Ptr<WlanMedium> medium_;
  WlanRadios radios_;
  // What draws random numbers, in the order of its streams: takes its streams
  // from the given one on, and returns how many those were. Refers to parts of
  // the nodes and devices.
  std::vector<std::function<int64_t(int64_t first)>> random_users_;
  StationEvent joined_;
  StationEvent left_;
};

}  // namespace airlock
