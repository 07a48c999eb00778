#include "sim/packet/wlan_network.h"

#include <ns3/ap-wifi-mac.h>
#include <ns3/arp-cache.h>
#include <ns3/arp-l3-protocol.h>
#include <ns3/boolean.h>
#include <ns3/constant-position-mobility-model.h>
#include <ns3/internet-stack-helper.h>
#include <ns3/ipv4-address-helper.h>
#include <ns3/ipv4-interface.h>
#include <ns3/ipv4-l3-protocol.h>
#include <ns3/ipv4-static-routing-helper.h>
#include <ns3/qos-txop.h>
#include <ns3/simulator.h>
#include <ns3/sta-wifi-mac.h>
#include <ns3/wifi-remote-station-manager.h>

#include "sim/base/error.h"
#include "sim/packet/ns3_time.h"
#include "sim/scenario/wlan_layout.h"

namespace airlock {
namespace {

void AddArpEntry(ns3::Ptr<ns3::NetDevice> device, ns3::Ipv4Address peer,
                 ns3::Ptr<ns3::NetDevice> peer_device) {
  auto ip = device->GetNode()->GetObject<ns3::Ipv4L3Protocol>();
  const int32_t index = ip->GetInterfaceForDevice(device);
  auto cache = ip->GetInterface(static_cast<uint32_t>(index))->GetArpCache();
  ns3::ArpCache::Entry* entry = cache->Lookup(peer);
  if (entry == nullptr) entry = cache->Add(peer);
  entry->SetMacAddress(peer_device->GetAddress());
  entry->MarkPermanent();
}

ns3::Ptr<ns3::MobilityModel> StandAt(const Position& position,
                                     ns3::Ptr<ns3::Node> node) {
  auto place = ns3::CreateObject<ns3::ConstantPositionMobilityModel>();
  place->SetPosition(ns3::Vector(position.x.value(), position.y.value(), 0));
  node->AggregateObject(place);
  return place;
}

ns3::Ptr<WlanMedium> MakeMedium(const WlanConfig& config, int64_t seed) {
  auto medium = ns3::CreateObject<WlanMedium>();
  medium->Configure(config, seed);
  return medium;
}

// Asks for an answer instead of waiting for a beacon.
void Probe(const WlanStation& station) {
  const ns3::Ptr<ns3::WifiMac> mac = station.device->GetMac();
  ns3::BooleanValue probing;
  mac->GetAttribute("ActiveProbing", probing);
  if (probing.Get()) return;
  mac->SetAttribute("ActiveProbing", ns3::BooleanValue(true));
}

}  // namespace

ns3::Ptr<ns3::MobilityModel> PlaceOf(ns3::Ptr<ns3::WifiNetDevice> device) {
  return device->GetNode()->GetObject<ns3::MobilityModel>();
}

bool IsAssociated(const WlanStation& station) {
  return ns3::DynamicCast<ns3::StaWifiMac>(station.device->GetMac())
      ->IsAssociated();
}

WlanNetwork::WlanNetwork(const WlanConfig& config, int64_t seed)
    : config_(config),
      seed_(seed),
      medium_(MakeMedium(config_, seed)),
      radios_(config_, medium_) {
  CreateNodes();
  InstallDevices();
  InstallInternet();
  FindRandomUsers();
}

void WlanNetwork::CreateNodes() {
  const WlanPropagation propagation(config_, seed_);
  for (const AccessPointConfig& ap : config_.access_points) {
    WlanCell cell;
    cell.config = ap;
    WlanPlace place;
    place.name = ap.name;
    place.in_24ghz_band = In24GhzBand(ap.channel);
    place.power_variation_db = propagation.PowerVariationDb(ap.name);
    ns3::NodeContainer nodes;
    const std::vector<StationConfig> stations = StationsOf(ap);
    nodes.Create(static_cast<uint32_t>(1 + stations.size()));
    medium_->Add(StandAt(ap.position, nodes.Get(0)), place);
    for (const StationConfig& config : stations) {
      WlanStation station;
      station.name = ap.name + "." + config.name;
      station.config = config;
      const auto index = static_cast<uint32_t>(1 + cell.stations.size());
      PlaceStation(place, &station, nodes.Get(index));
      cell.stations.push_back(station);
    }
    nodes_.Add(nodes);
    cells_.push_back(cell);
  }
}

void WlanNetwork::PlaceStation(const WlanPlace& access_point,
                               WlanStation* station, ns3::Ptr<ns3::Node> node) {
  WlanPlace place;
  place.name = station->name;
  place.in_24ghz_band = access_point.in_24ghz_band;
  place.present = station->config.join == SimTime();
  place.moves = !station->config.path.empty();
  if (!place.moves) {
    medium_->Add(StandAt(station->config.position, node), place);
    return;
  }
  station->walk = ns3::CreateObject<StationWalk>();
  station->walk->SetStation(station->config);
  node->AggregateObject(station->walk);
  medium_->Add(station->walk, place);
}

void WlanNetwork::InstallDevices() {
  uint32_t next_node = 0;
  for (WlanCell& cell : cells_) {
    cell.device =
        radios_.InstallAccessPoint(cell.config, nodes_.Get(next_node++));
    devices_.Add(cell.device);
    for (WlanStation& station : cell.stations) {
      station.device =
          radios_.InstallStation(cell.config, nodes_.Get(next_node++));
      devices_.Add(station.device);
    }
  }
}

void WlanNetwork::InstallInternet() {
  ns3::InternetStackHelper stack;
  stack.SetIpv6StackInstall(false);
  stack.SetRoutingHelper(ns3::Ipv4StaticRoutingHelper());
  stack.Install(nodes_);
  uint32_t subnet = 0;
  for (WlanCell& cell : cells_) {
    ns3::Ipv4AddressHelper addresses;
    addresses.SetBase(ns3::Ipv4Address((10u << 24) | (subnet++ << 8)),
                      "255.255.255.0");
    cell.address =
        addresses.Assign(ns3::NetDeviceContainer(cell.device)).GetAddress(0);
    for (WlanStation& station : cell.stations) {
      station.address =
          addresses.Assign(ns3::NetDeviceContainer(station.device))
              .GetAddress(0);
    }
  }
}

// Plain pointers, found once: ns-3's own way looks attributes up by name and
// writes a reference count into every object on its way.
void WlanNetwork::FindRandomUsers() {
  const auto add = [this](auto user) {
    random_users_.emplace_back([user = ns3::PeekPointer(user)](int64_t first) {
      return user->AssignStreams(first);
    });
  };
  for (uint32_t i = 0; i < devices_.GetN(); ++i) {
    const auto device = ns3::DynamicCast<ns3::WifiNetDevice>(devices_.Get(i));
    const ns3::Ptr<ns3::WifiMac> mac = device->GetMac();
    add(device->GetPhy());
    add(device->GetRemoteStationManager());
    if (mac->GetQosSupported()) {
      for (const ns3::AcIndex category :
           {ns3::AC_VO, ns3::AC_VI, ns3::AC_BE, ns3::AC_BK}) {
        add(mac->GetQosTxop(category));
      }
    } else {
      add(mac->GetTxop());
    }
    if (const auto ap = ns3::DynamicCast<ns3::ApWifiMac>(mac)) add(ap);
    if (const auto sta = ns3::DynamicCast<ns3::StaWifiMac>(mac)) add(sta);
  }
  for (uint32_t i = 0; i < nodes_.GetN(); ++i) {
    add(nodes_.Get(i)->GetObject<ns3::ArpL3Protocol>());
  }
}

void WlanNetwork::AssignStreams() {
  int64_t stream = 0;
  for (const auto& user : random_users_) stream += user(stream);
}

SimTime WlanNetwork::Patience() const {
  return std::min(config_.beacon_interval * 10, Milliseconds(5000));
}

void WlanNetwork::Settle() {
  // Beacons first, then requests that may collide and repeat.
  const SimTime limit = config_.beacon_interval * 3 + Milliseconds(10000);
  const ns3::Time step = ns3::MilliSeconds(50);
  const WlanStation* waiting = nullptr;
  const WlanCell* cell_of_waiting = nullptr;
  do {
    ns3::Simulator::Stop(step);
    ns3::Simulator::Run();
    waiting = nullptr;
    for (const WlanCell& cell : cells_) {
      for (const WlanStation& station : cell.stations) {
        if (station.config.join > SimTime() || IsAssociated(station)) {
          continue;
        }
        if (FromNs3(ns3::Simulator::Now()) > Patience()) Probe(station);
        if (waiting != nullptr) continue;
        waiting = &station;
        cell_of_waiting = &cell;
      }
    }
  } while (waiting != nullptr && FromNs3(ns3::Simulator::Now()) < limit);
  if (waiting != nullptr) {
    const auto access_point = PlaceOf(cell_of_waiting->device);
    const double power =
        TransmitPowerOf(config_, cell_of_waiting->config).value();
    throw Error(fmt::format(
        "station '{}' did not associate with access point '{}' (channel {}, "
        "{:.4g} m away, which it hears at {:.1f} dBm; a preamble needs {}) "
        "within {} of simulated time",
        waiting->name, cell_of_waiting->config.name,
        cell_of_waiting->config.channel,
        Distance(cell_of_waiting->config.position, waiting->config.position),
        power - medium_->LossDb(access_point, PlaceOf(waiting->device)),
        ToString(kPreambleThreshold), ToString(limit)));
  }
  for (const WlanCell& cell : cells_) {
    for (const WlanStation& station : cell.stations) {
      FillArpCaches(cell, station);
    }
  }
}

void WlanNetwork::Start(StationEvent joined, StationEvent left) {
  joined_ = std::move(joined);
  left_ = std::move(left);
  for (size_t c = 0; c < cells_.size(); ++c) {
    for (size_t s = 0; s < cells_[c].stations.size(); ++s) {
      const WlanStation& station = cells_[c].stations[s];
      if (station.walk != nullptr) station.walk->Start();
      if (station.config.join > SimTime()) {
        ns3::Simulator::Schedule(ToNs3(station.config.join), &WlanNetwork::Join,
                                 this, c, s);
      }
      if (!station.config.leave) continue;
      ns3::Simulator::Schedule(ToNs3(*station.config.leave),
                               &WlanNetwork::Leave, this, c, s);
    }
  }
}

void WlanNetwork::Join(size_t cell, size_t station) {
  const WlanStation& here = cells_[cell].stations[station];
  medium_->SetPresent(PlaceOf(here.device), true);
  // The trace comes in the middle of the association: act when it is done.
  const std::function<void(ns3::Mac48Address)> associated =
      [this, cell, station](ns3::Mac48Address) {
        ns3::Simulator::ScheduleNow(&WlanNetwork::OnAssociated, this, cell,
                                    station);
      };
  here.device->GetMac()->TraceConnectWithoutContext(
      "Assoc", ns3::Callback<void, ns3::Mac48Address>(associated));
  ns3::Simulator::Schedule(ToNs3(Patience()), [&here] {
    if (!IsAssociated(here)) Probe(here);
  });
}

void WlanNetwork::OnAssociated(size_t cell, size_t station) {
  // ns-3 empties the caches when a link comes up.
  FillArpCaches(cells_[cell], cells_[cell].stations[station]);
  if (joined_) joined_(cell, station);
}

// As if the station had said goodbye: its access point queues nothing more for
// it.
void WlanNetwork::Leave(size_t cell, size_t station) {
  const WlanStation& gone = cells_[cell].stations[station];
  if (left_) left_(cell, station);
  medium_->SetPresent(PlaceOf(gone.device), false);
  cells_[cell]
      .device->GetMac()
      ->GetWifiRemoteStationManager()
      ->RecordDisassociated(
          ns3::Mac48Address::ConvertFrom(gone.device->GetAddress()));
}

void WlanNetwork::FillArpCaches(const WlanCell& cell,
                                const WlanStation& station) {
  AddArpEntry(cell.device, station.address, station.device);
  AddArpEntry(station.device, cell.address, cell.device);
}

}  // namespace airlock
