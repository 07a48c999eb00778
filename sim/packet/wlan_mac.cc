#include "sim/packet/wlan_mac.h"

#include <ns3/channel-access-manager.h>
#include <ns3/qos-txop.h>
#include <ns3/wifi-remote-station-manager.h>

#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr uint8_t kLink = 0;

}  // namespace

void ContentionRestart::Restart(ns3::WifiMac* mac, uint8_t link) {
  AIRLOCK_CHECK(backoffs_.has_value(), "no stream for backoffs");
  // Every queue that holds frames asks for the channel again; also that of the
  // beacons, which nothing else reaches.
  mac->GetChannelAccessManager(link)->NotifyWakeupNow();
  auto begin = [&](ns3::Ptr<ns3::Txop> txop) {
    const uint64_t window = txop->GetMinCw(link);
    txop->StartBackoffNow(
        static_cast<uint32_t>(backoffs_->UniformInt(window + 1)), link);
  };
  if (!mac->GetQosSupported()) {
    begin(mac->GetTxop());
    return;
  }
  for (const ns3::AcIndex category :
       {ns3::AC_BE, ns3::AC_BK, ns3::AC_VI, ns3::AC_VO}) {
    begin(mac->GetQosTxop(category));
  }
}

ns3::TypeId SwitchingApMac::GetTypeId() {
  static ns3::TypeId id = ns3::TypeId("airlock::SwitchingApMac")
                              .SetParent<ns3::ApWifiMac>()
                              .SetGroupName("Wifi")
                              .AddConstructor<SwitchingApMac>();
  return id;
}

ns3::TypeId SwitchingStationMac::GetTypeId() {
  static ns3::TypeId id = ns3::TypeId("airlock::SwitchingStationMac")
                              .SetParent<ns3::StaWifiMac>()
                              .SetGroupName("Wifi")
                              .AddConstructor<SwitchingStationMac>();
  return id;
}

void LearnCapabilities(ns3::Ptr<ns3::WifiMac> mac,
                       ns3::Ptr<ns3::WifiMac> peer) {
  ns3::Ptr<ns3::WifiRemoteStationManager> rates =
      mac->GetWifiRemoteStationManager();
  const ns3::Mac48Address address = peer->GetAddress();
  // In this order: the newer standard has the last word on the width.
  if (mac->GetHtSupported() && peer->GetHtSupported()) {
    rates->AddStationHtCapabilities(address, peer->GetHtCapabilities(kLink));
  }
  if (mac->GetVhtSupported(kLink) && peer->GetVhtSupported(kLink)) {
    rates->AddStationVhtCapabilities(address, peer->GetVhtCapabilities(kLink));
  }
  if (mac->GetHeSupported() && peer->GetHeSupported()) {
    rates->AddStationHeCapabilities(address, peer->GetHeCapabilities(kLink));
  }
}

}  // namespace airlock
