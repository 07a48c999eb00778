// The scene of wlan_speed.cc as a plain ns-3 program: APS STATIONS STEPS builds
// it, runs it until every station is associated and its flows are scheduled,
// and then for STEPS decision steps of 100 ms. Prints the processor seconds of
// the two parts.

#include <ns3/applications-module.h>
#include <ns3/core-module.h>
#include <ns3/internet-module.h>
#include <ns3/mobility-module.h>
#include <ns3/multi-model-spectrum-channel.h>
#include <ns3/network-module.h>
#include <ns3/propagation-module.h>
#include <ns3/spectrum-wifi-helper.h>
#include <ns3/sta-wifi-mac.h>
#include <ns3/wifi-module.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

namespace {

double CpuSeconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

ns3::Ptr<ns3::SpectrumChannel> MakeChannel() {
  auto channel = ns3::CreateObject<ns3::MultiModelSpectrumChannel>();
  auto loss = ns3::CreateObject<ns3::LogDistancePropagationLossModel>();
  loss->SetAttribute("Exponent", ns3::DoubleValue(3.0));
  loss->SetAttribute("ReferenceLoss", ns3::DoubleValue(46.67));
  channel->AddPropagationLossModel(loss);
  channel->SetPropagationDelayModel(
      ns3::CreateObject<ns3::ConstantSpeedPropagationDelayModel>());
  return channel;
}

void Place(const ns3::NodeContainer& nodes, int bss, int stations) {
  auto positions = ns3::CreateObject<ns3::ListPositionAllocator>();
  const double x = 20.0 * (bss % 4), y = 20.0 * (bss / 4);
  positions->Add(ns3::Vector(x, y, 0));
  for (int i = 0; i < stations; ++i) {
    const double angle = 2 * M_PI * i / stations;
    positions->Add(
        ns3::Vector(x + 2 * std::cos(angle), y + 2 * std::sin(angle), 0));
  }
  ns3::MobilityHelper mobility;
  mobility.SetPositionAllocator(positions);
  mobility.SetMobilityModel("ns3::ConstantPositionMobilityModel");
  mobility.Install(nodes);
}

// 10 Mbit/s of UDP to each station, staggered.
void AddTraffic(const ns3::NodeContainer& nodes,
                const ns3::Ipv4InterfaceContainer& addresses, double start) {
  for (uint32_t i = 1; i < nodes.GetN(); ++i) {
    ns3::UdpServerHelper server(9);
    server.Install(nodes.Get(i));
    ns3::UdpClientHelper client(addresses.GetAddress(i), 9);
    client.SetAttribute("MaxPackets", ns3::UintegerValue(4294967295u));
    client.SetAttribute("PacketSize", ns3::UintegerValue(1472));
    client.SetAttribute("Interval",
                        ns3::TimeValue(ns3::Seconds(1472 * 8 / 10e6)));
    ns3::ApplicationContainer apps = client.Install(nodes.Get(0));
    apps.Start(ns3::Seconds(start + 0.0031 * i));
  }
}

bool AllAssociated(const std::vector<ns3::Ptr<ns3::StaWifiMac>>& stations) {
  for (const auto& station : stations) {
    if (!station->IsAssociated()) return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: wlan_plain_ns3 APS STATIONS STEPS\n");
    return 2;
  }
  const int access_points = std::atoi(argv[1]);
  const int stations = std::atoi(argv[2]);
  const int steps = std::atoi(argv[3]);
  const double begin = CpuSeconds();
  ns3::SpectrumWifiPhyHelper phy;
  phy.SetChannel(MakeChannel());
  phy.Set("ChannelSettings", ns3::StringValue("{36,20,BAND_5GHZ,0}"));
  ns3::WifiHelper wifi;
  wifi.SetStandard(ns3::WIFI_STANDARD_80211ax);
  wifi.SetRemoteStationManager("ns3::IdealWifiManager");
  std::vector<ns3::Ptr<ns3::StaWifiMac>> macs;
  std::vector<ns3::NodeContainer> cells;
  std::vector<ns3::Ipv4InterfaceContainer> addresses;
  for (int bss = 0; bss < access_points; ++bss) {
    ns3::NodeContainer nodes(static_cast<uint32_t>(1 + stations));
    Place(nodes, bss, stations);
    const ns3::SsidValue ssid(ns3::Ssid("ap" + std::to_string(bss)));
    ns3::WifiMacHelper mac;
    mac.SetType("ns3::ApWifiMac", "Ssid", ssid);
    ns3::NetDeviceContainer devices = wifi.Install(phy, mac, nodes.Get(0));
    mac.SetType("ns3::StaWifiMac", "Ssid", ssid);
    for (int i = 1; i <= stations; ++i) {
      devices.Add(wifi.Install(phy, mac, nodes.Get(static_cast<uint32_t>(i))));
      auto device = ns3::DynamicCast<ns3::WifiNetDevice>(
          devices.Get(static_cast<uint32_t>(i)));
      macs.push_back(ns3::DynamicCast<ns3::StaWifiMac>(device->GetMac()));
    }
    ns3::InternetStackHelper().Install(nodes);
    ns3::Ipv4AddressHelper ip;
    ip.SetBase(
        ns3::Ipv4Address((10u << 24) | (static_cast<uint32_t>(bss) << 8)),
        "255.255.255.0");
    addresses.push_back(ip.Assign(devices));
    cells.push_back(nodes);
  }
  do {
    ns3::Simulator::Stop(ns3::MilliSeconds(50));
    ns3::Simulator::Run();
  } while (!AllAssociated(macs));
  for (size_t i = 0; i < cells.size(); ++i) {
    AddTraffic(cells[i], addresses[i], 0);
  }
  const double settled = CpuSeconds();
  if (steps > 0) {
    ns3::Simulator::Stop(ns3::MilliSeconds(100 * steps));
    ns3::Simulator::Run();
  }
  std::printf("%.6f %.6f\n", settled - begin, CpuSeconds() - settled);
  std::fflush(stdout);
  std::_Exit(0);
}
