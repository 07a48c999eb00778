#include "sim/packet/wlan_network.h"

#include <ns3/arp-cache.h>
#include <ns3/boolean.h>
#include <ns3/config.h>
#include <ns3/double.h>
#include <ns3/enum.h>
#include <ns3/he-phy.h>
#include <ns3/internet-stack-helper.h>
#include <ns3/ipv4-address-helper.h>
#include <ns3/ipv4-interface.h>
#include <ns3/ipv4-l3-protocol.h>
#include <ns3/ipv4-static-routing-helper.h>
#include <ns3/mobility-helper.h>
#include <ns3/multi-model-spectrum-channel.h>
#include <ns3/position-allocator.h>
#include <ns3/propagation-delay-model.h>
#include <ns3/propagation-loss-model.h>
#include <ns3/simulator.h>
#include <ns3/spectrum-wifi-helper.h>
#include <ns3/ssid.h>
#include <ns3/sta-wifi-mac.h>
#include <ns3/string.h>
#include <ns3/tcp-congestion-ops.h>
#include <ns3/uinteger.h>
#include <ns3/wifi-helper.h>
#include <ns3/wifi-mac-helper.h>
#include <ns3/wifi-phy-operating-channel.h>
#include <ns3/yans-wifi-channel.h>
#include <ns3/yans-wifi-helper.h>

#include <cmath>
#include <memory>

#include "sim/base/error.h"
#include "sim/packet/ns3_time.h"
#include "sim/packet/wlan_rescue.h"

namespace airlock {
namespace {

struct StandardRow {
  const char* name;
  ns3::WifiStandard standard;
  const char* data_mode;  // prefix of ns-3's mode names
};
constexpr StandardRow kStandards[] = {
    {"802.11a", ns3::WIFI_STANDARD_80211a, "OfdmRate"},
    {"802.11n", ns3::WIFI_STANDARD_80211n, "HtMcs"},
    {"802.11ac", ns3::WIFI_STANDARD_80211ac, "VhtMcs"},
    {"802.11ax", ns3::WIFI_STANDARD_80211ax, "HeMcs"},
};
constexpr int kOfdmRates[] = {6, 9, 12, 18, 24, 36, 48, 54};  // Mbit/s

const StandardRow& FindStandard(const std::string& name) {
  for (const StandardRow& row : kStandards) {
    if (row.name == name) return row;
  }
  throw Error(fmt::format("'{}' is no standard that ns-3 has", name));
}

int64_t WidthMhz(const WlanConfig& config) {
  return std::llround(config.width.value() * 1e-6);
}

bool In24GhzBand(const AccessPointConfig& ap) { return ap.channel <= 14; }

// ns-3's form of a channel: "{number,width,band,index of the primary 20 MHz}".
std::string ChannelSettings(const WlanConfig& config,
                            const AccessPointConfig& ap) {
  return fmt::format("{{{},{},{},0}}", ap.channel, WidthMhz(config),
                     In24GhzBand(ap) ? "BAND_2_4GHZ" : "BAND_5GHZ");
}

// ns-3 aborts on a channel that its own table lacks.
void CheckChannel(const WlanConfig& config, const AccessPointConfig& ap) {
  const auto& all = ns3::WifiPhyOperatingChannel::m_frequencyChannels;
  const auto found = ns3::WifiPhyOperatingChannel::FindFirst(
      static_cast<uint8_t>(ap.channel), 0,
      static_cast<uint16_t>(WidthMhz(config)),
      FindStandard(config.standard).standard,
      In24GhzBand(ap) ? ns3::WIFI_PHY_BAND_2_4GHZ : ns3::WIFI_PHY_BAND_5GHZ);
  if (found != all.end()) return;
  throw Error(
      fmt::format("access point '{}': ns-3 has no channel {} of {} MHz "
                  "for {}",
                  ap.name, ap.channel, WidthMhz(config), config.standard));
}

// The rate that frames sent at HE MCS `mcs` are answered at, before the basic
// rates of the BSS limit it; the same for HT and VHT.
std::string ControlMode(const WlanConfig& config, bool in_24ghz_band) {
  const std::string prefix = in_24ghz_band ? "ErpOfdmRate" : "OfdmRate";
  const int64_t rate =
      config.standard == "802.11a"
          ? kOfdmRates[config.mcs]
          : static_cast<int64_t>(ns3::HePhy::GetNonHtReferenceRate(
                static_cast<uint8_t>(config.mcs))) /
                1000000;
  return fmt::format("{}{}Mbps", prefix, rate);
}

void SetRateControl(const WlanConfig& config, bool in_24ghz_band,
                    ns3::WifiHelper* wifi) {
  if (config.rate_control == "ideal") {
    wifi->SetRemoteStationManager("ns3::IdealWifiManager");
  } else if (config.rate_control == "minstrel") {
    wifi->SetRemoteStationManager(config.standard == "802.11a"
                                      ? "ns3::MinstrelWifiManager"
                                      : "ns3::MinstrelHtWifiManager");
  } else {
    AIRLOCK_CHECK(config.rate_control == "constant", "{}", config.rate_control);
    const StandardRow& standard = FindStandard(config.standard);
    const std::string mode =
        config.standard == "802.11a"
            ? fmt::format("OfdmRate{}Mbps", kOfdmRates[config.mcs])
            : fmt::format("{}{}", standard.data_mode, config.mcs);
    wifi->SetRemoteStationManager(
        "ns3::ConstantRateWifiManager", "DataMode", ns3::StringValue(mode),
        "ControlMode", ns3::StringValue(ControlMode(config, in_24ghz_band)));
  }
}

ns3::Ptr<ns3::PropagationLossModel> MakeLoss(const WlanConfig& config) {
  auto loss = ns3::CreateObject<ns3::LogDistancePropagationLossModel>();
  loss->SetAttribute("Exponent", ns3::DoubleValue(config.path_loss_exponent));
  loss->SetAttribute("ReferenceDistance",
                     ns3::DoubleValue(config.reference_distance.value()));
  loss->SetAttribute("ReferenceLoss",
                     ns3::DoubleValue(config.reference_loss_db));
  return loss;
}

// The one channel that all radios share, behind a helper that makes radios.
std::unique_ptr<ns3::WifiPhyHelper> MakePhy(const WlanConfig& config) {
  auto delay = ns3::CreateObject<ns3::ConstantSpeedPropagationDelayModel>();
  std::unique_ptr<ns3::WifiPhyHelper> phy;
  if (config.phy == "yans") {
    auto channel = ns3::CreateObject<ns3::YansWifiChannel>();
    channel->SetPropagationLossModel(MakeLoss(config));
    channel->SetPropagationDelayModel(delay);
    auto yans = std::make_unique<ns3::YansWifiPhyHelper>();
    yans->SetChannel(channel);
    phy = std::move(yans);
  } else {
    AIRLOCK_CHECK(config.phy == "spectrum", "{}", config.phy);
    auto channel = ns3::CreateObject<ns3::MultiModelSpectrumChannel>();
    channel->AddPropagationLossModel(MakeLoss(config));
    channel->SetPropagationDelayModel(delay);
    auto spectrum = std::make_unique<ns3::SpectrumWifiPhyHelper>();
    spectrum->SetChannel(channel);
    phy = std::move(spectrum);
  }
  const ns3::DoubleValue power(config.transmit_power.value());
  phy->Set("TxPowerStart", power);
  phy->Set("TxPowerEnd", power);
  return phy;
}

// Process-wide defaults of ns-3, before anything is built.
void SetDefaults(const WlanConfig& config) {
  using ns3::Config::SetDefault;
  // Above every aggregate: no RTS.
  SetDefault("ns3::WifiRemoteStationManager::RtsCtsThreshold",
             ns3::UintegerValue(4692480));
  const ns3::UintegerValue retries(static_cast<uint64_t>(config.retry_limit));
  SetDefault("ns3::WifiRemoteStationManager::MaxSsrc", retries);
  SetDefault("ns3::WifiRemoteStationManager::MaxSlrc", retries);
  SetDefault("ns3::TcpL4Protocol::SocketType",
             ns3::TypeIdValue(ns3::TcpNewReno::GetTypeId()));
  SetDefault("ns3::TcpSocket::SegmentSize", ns3::UintegerValue(1448));
  SetDefault("ns3::TcpSocket::SndBufSize", ns3::UintegerValue(1 << 20));
  SetDefault("ns3::TcpSocket::RcvBufSize", ns3::UintegerValue(1 << 20));
  SetDefault("ns3::TcpSocket::InitialCwnd", ns3::UintegerValue(10));
  SetDefault("ns3::TcpSocket::ConnTimeout",
             ns3::TimeValue(ns3::MilliSeconds(1000)));
  SetDefault("ns3::TcpSocketBase::MinRto",
             ns3::TimeValue(ns3::MilliSeconds(200)));
}

void AddArpEntry(ns3::Ptr<ns3::NetDevice> device, ns3::Ipv4Address peer,
                 ns3::Ptr<ns3::NetDevice> peer_device) {
  auto ip = device->GetNode()->GetObject<ns3::Ipv4L3Protocol>();
  const int32_t index = ip->GetInterfaceForDevice(device);
  auto cache = ip->GetInterface(static_cast<uint32_t>(index))->GetArpCache();
  ns3::ArpCache::Entry* entry = cache->Add(peer);
  entry->SetMacAddress(peer_device->GetAddress());
  entry->MarkPermanent();
}

bool IsAssociated(const WlanStation& station) {
  return ns3::DynamicCast<ns3::StaWifiMac>(station.device->GetMac())
      ->IsAssociated();
}

}  // namespace

WlanNetwork::WlanNetwork(const WlanConfig& config) : config_(config) {
  SetDefaults(config_);
  for (const AccessPointConfig& ap : config_.access_points) {
    CheckChannel(config_, ap);
    WlanCell cell;
    cell.config = ap;
    cells_.push_back(cell);
    nodes_.Create(static_cast<uint32_t>(1 + ap.stations));
  }
  PlaceNodes();
  InstallDevices();
  InstallInternet();
}

void WlanNetwork::PlaceNodes() {
  auto positions = ns3::CreateObject<ns3::ListPositionAllocator>();
  for (const WlanCell& cell : cells_) {
    const double x = cell.config.position.x.value();
    const double y = cell.config.position.y.value();
    positions->Add(ns3::Vector(x, y, 0));
    const double radius = cell.config.station_distance.value();
    for (int64_t i = 0; i < cell.config.stations; ++i) {
      const double angle = 2 * M_PI * static_cast<double>(i) /
                           static_cast<double>(cell.config.stations);
      positions->Add(ns3::Vector(x + radius * std::cos(angle),
                                 y + radius * std::sin(angle), 0));
    }
  }
  ns3::MobilityHelper mobility;
  mobility.SetPositionAllocator(positions);
  mobility.SetMobilityModel("ns3::ConstantPositionMobilityModel");
  mobility.Install(nodes_);
}

void WlanNetwork::InstallDevices() {
  std::unique_ptr<ns3::WifiPhyHelper> phy = MakePhy(config_);
  // A starved station must not leave its access point: cells are static here.
  constexpr uint32_t kMissedBeacons = 1000;
  uint32_t next_node = 0;
  for (WlanCell& cell : cells_) {
    ns3::WifiHelper wifi;
    wifi.SetStandard(FindStandard(config_.standard).standard);
    SetRateControl(config_, In24GhzBand(cell.config), &wifi);
    wifi.ConfigHeOptions("GuardInterval",
                         ns3::TimeValue(ToNs3(config_.guard_interval)));
    phy->Set("ChannelSettings",
             ns3::StringValue(ChannelSettings(config_, cell.config)));
    const ns3::SsidValue ssid(ns3::Ssid(cell.config.name));
    const ns3::TimeValue beacon(ToNs3(config_.beacon_interval));
    auto install = [&](const ns3::WifiMacHelper& mac) {
      ns3::NetDeviceContainer added =
          wifi.Install(*phy, mac, nodes_.Get(next_node++));
      devices_.Add(added);
      auto device = ns3::DynamicCast<ns3::WifiNetDevice>(added.Get(0));
      InstallBlockAckRescue(device);
      return device;
    };
    ns3::WifiMacHelper mac;
    mac.SetType("ns3::ApWifiMac", "Ssid", ssid, "BeaconInterval", beacon);
    cell.device = install(mac);
    mac.SetType("ns3::StaWifiMac", "Ssid", ssid, "MaxMissedBeacons",
                ns3::UintegerValue(kMissedBeacons));
    for (int64_t i = 0; i < cell.config.stations; ++i) {
      WlanStation station;
      station.name = fmt::format("{}.{}", cell.config.name, i);
      station.device = install(mac);
      cell.stations.push_back(station);
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

void WlanNetwork::AssignStreams() {
  int64_t stream = 0;
  stream += ns3::WifiHelper().AssignStreams(devices_, stream);
  ns3::InternetStackHelper().AssignStreams(nodes_, stream);
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
        if (waiting != nullptr || IsAssociated(station)) continue;
        waiting = &station;
        cell_of_waiting = &cell;
      }
    }
  } while (waiting != nullptr && FromNs3(ns3::Simulator::Now()) < limit);
  if (waiting != nullptr) {
    throw Error(fmt::format(
        "station '{}' did not associate with access point '{}' (channel {}, "
        "{} away) within {} of simulated time",
        waiting->name, cell_of_waiting->config.name,
        cell_of_waiting->config.channel,
        ToString(cell_of_waiting->config.station_distance), ToString(limit)));
  }
  FillArpCaches();
}

void WlanNetwork::FillArpCaches() {
  for (const WlanCell& cell : cells_) {
    for (const WlanStation& station : cell.stations) {
      AddArpEntry(cell.device, station.address, station.device);
      AddArpEntry(station.device, cell.address, cell.device);
    }
  }
}

}  // namespace airlock
