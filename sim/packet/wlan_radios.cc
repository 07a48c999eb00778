#include "sim/packet/wlan_radios.h"

#include <ns3/config.h>
#include <ns3/double.h>
#include <ns3/he-phy.h>
#include <ns3/multi-model-spectrum-channel.h>
#include <ns3/propagation-delay-model.h>
#include <ns3/spectrum-wifi-helper.h>
#include <ns3/ssid.h>
#include <ns3/string.h>
#include <ns3/tcp-congestion-ops.h>
#include <ns3/uinteger.h>
#include <ns3/wifi-phy-operating-channel.h>
#include <ns3/yans-wifi-channel.h>
#include <ns3/yans-wifi-helper.h>

#include "sim/base/error.h"
#include "sim/packet/ns3_time.h"
#include "sim/packet/wlan_mac.h"
#include "sim/packet/wlan_rescue.h"
#include "sim/packet/wlan_silent_peers.h"
#include "sim/scenario/wlan_layout.h"

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

OperatingChannel ChannelOf(const WlanConfig& config,
                           const AccessPointConfig& ap) {
  const auto channel = FindOperatingChannel(StandardOf(config, ap),
                                            WidthMhzOf(config, ap), ap.channel);
  AIRLOCK_CHECK(channel.has_value(), "{}", ap.channel);
  return *channel;
}

// ns-3 aborts on a channel that its own table lacks.
void CheckChannel(const WlanConfig& config, const AccessPointConfig& ap) {
  const auto& all = ns3::WifiPhyOperatingChannel::m_frequencyChannels;
  const OperatingChannel channel = ChannelOf(config, ap);
  const std::string& standard = StandardOf(config, ap);
  const auto found = ns3::WifiPhyOperatingChannel::FindFirst(
      static_cast<uint8_t>(channel.number), 0,
      static_cast<uint16_t>(channel.width_mhz), FindStandard(standard).standard,
      In24GhzBand(channel.number) ? ns3::WIFI_PHY_BAND_2_4GHZ
                                  : ns3::WIFI_PHY_BAND_5GHZ);
  if (found != all.end()) return;
  throw Error(
      fmt::format("access point '{}': ns-3 has no channel {} of {} MHz "
                  "for {}",
                  ap.name, channel.number, channel.width_mhz, standard));
}

// The rate that frames sent at HE MCS `mcs` are answered at, before the basic
// rates of the BSS limit it; the same for HT and VHT.
std::string ControlMode(const std::string& standard, int64_t mcs,
                        bool in_24ghz_band) {
  const std::string prefix = in_24ghz_band ? "ErpOfdmRate" : "OfdmRate";
  const int64_t rate =
      standard == "802.11a"
          ? kOfdmRates[mcs]
          : static_cast<int64_t>(
                ns3::HePhy::GetNonHtReferenceRate(static_cast<uint8_t>(mcs))) /
                1000000;
  return fmt::format("{}{}Mbps", prefix, rate);
}

void SetRateControl(const WlanConfig& config, const AccessPointConfig& ap,
                    ns3::WifiHelper* wifi) {
  const std::string& standard = StandardOf(config, ap);
  if (config.rate_control == "ideal") {
    wifi->SetRemoteStationManager("ns3::IdealWifiManager");
  } else if (config.rate_control == "minstrel") {
    wifi->SetRemoteStationManager(standard == "802.11a"
                                      ? "ns3::MinstrelWifiManager"
                                      : "ns3::MinstrelHtWifiManager");
  } else {
    AIRLOCK_CHECK(config.rate_control == "constant", "{}", config.rate_control);
    const std::string mode =
        standard == "802.11a"
            ? fmt::format("OfdmRate{}Mbps", kOfdmRates[config.mcs])
            : fmt::format("{}{}", FindStandard(standard).data_mode, config.mcs);
    wifi->SetRemoteStationManager(
        "ns3::ConstantRateWifiManager", "DataMode", ns3::StringValue(mode),
        "ControlMode",
        ns3::StringValue(
            ControlMode(standard, config.mcs, In24GhzBand(ap.channel))));
  }
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
  // A connection outlives any silence: nobody is there to open it again.
  constexpr uint32_t kForEver = 1000000000;
  SetDefault("ns3::TcpSocket::ConnCount", ns3::UintegerValue(kForEver));
  SetDefault("ns3::TcpSocket::DataRetries", ns3::UintegerValue(kForEver));
  SetDefault("ns3::TcpSocketBase::MinRto",
             ns3::TimeValue(ns3::MilliSeconds(200)));
}

}  // namespace

std::string ChannelSettings(const OperatingChannel& channel) {
  return fmt::format("{{{},{},{},{}}}", channel.number, channel.width_mhz,
                     In24GhzBand(channel.number) ? "BAND_2_4GHZ" : "BAND_5GHZ",
                     channel.primary_index);
}

WlanRadios::WlanRadios(const WlanConfig& config,
                       ns3::Ptr<ns3::PropagationLossModel> loss)
    : config_(config) {
  SetDefaults(config_);
  auto delay = ns3::CreateObject<ns3::ConstantSpeedPropagationDelayModel>();
  if (config.phy == "yans") {
    auto channel = ns3::CreateObject<ns3::YansWifiChannel>();
    channel->SetPropagationLossModel(loss);
    channel->SetPropagationDelayModel(delay);
    auto yans = std::make_unique<ns3::YansWifiPhyHelper>();
    yans->SetChannel(channel);
    phy_ = std::move(yans);
  } else {
    AIRLOCK_CHECK(config.phy == "spectrum", "{}", config.phy);
    spectrum_ = ns3::CreateObject<ns3::MultiModelSpectrumChannel>();
    spectrum_->AddPropagationLossModel(loss);
    spectrum_->SetPropagationDelayModel(delay);
    auto spectrum = std::make_unique<ns3::SpectrumWifiPhyHelper>();
    spectrum->SetChannel(spectrum_);
    phy_ = std::move(spectrum);
  }
}

ns3::Ptr<ns3::WifiNetDevice> WlanRadios::InstallAccessPoint(
    const AccessPointConfig& ap, ns3::Ptr<ns3::Node> node) {
  CheckChannel(config_, ap);
  ns3::WifiMacHelper mac;
  mac.SetType(SwitchingApMac::GetTypeId().GetName(), "Ssid",
              ns3::SsidValue(ns3::Ssid(ap.name)), "BeaconInterval",
              ns3::TimeValue(ToNs3(config_.beacon_interval)));
  return Install(ap, TransmitPowerOf(config_, ap), mac, node);
}

ns3::Ptr<ns3::WifiNetDevice> WlanRadios::InstallStation(
    const AccessPointConfig& ap, ns3::Ptr<ns3::Node> node) {
  // Neither a starved station nor one that missed a channel switch leaves its
  // access point.
  constexpr uint32_t kMissedBeacons = 1000000;
  ns3::WifiMacHelper mac;
  mac.SetType(SwitchingStationMac::GetTypeId().GetName(), "Ssid",
              ns3::SsidValue(ns3::Ssid(ap.name)), "MaxMissedBeacons",
              ns3::UintegerValue(kMissedBeacons));
  return Install(ap, config_.transmit_power, mac, node);
}

ns3::Ptr<ns3::WifiNetDevice> WlanRadios::Install(const AccessPointConfig& ap,
                                                 PowerDbm power,
                                                 const ns3::WifiMacHelper& mac,
                                                 ns3::Ptr<ns3::Node> node) {
  ns3::WifiHelper wifi;
  wifi.SetStandard(FindStandard(StandardOf(config_, ap)).standard);
  SetRateControl(config_, ap, &wifi);
  wifi.ConfigHeOptions("GuardInterval",
                       ns3::TimeValue(ToNs3(config_.guard_interval)));
  phy_->Set("TxPowerStart", ns3::DoubleValue(power.value()));
  phy_->Set("TxPowerEnd", ns3::DoubleValue(power.value()));
  phy_->Set("ChannelSettings",
            ns3::StringValue(ChannelSettings(ChannelOf(config_, ap))));
  const ns3::NetDeviceContainer added = wifi.Install(*phy_, mac, node);
  auto device = ns3::DynamicCast<ns3::WifiNetDevice>(added.Get(0));
  const auto peers = SilentPeers::Install(device, config_.retry_limit);
  InstallBlockAckRescue(device, ns3::PeekPointer(peers));
  return device;
}

}  // namespace airlock
