#include "sim/packet/wlan_radio_rest.h"

#include <ns3/channel-access-manager.h>
#include <ns3/frame-exchange-manager.h>
#include <ns3/simulator.h>
#include <ns3/wifi-mac.h>
#include <ns3/wifi-phy.h>

#include <algorithm>

namespace airlock {
namespace {

int64_t Now() { return ns3::Simulator::Now().GetNanoSeconds(); }

}  // namespace

RadioRest::RadioRest(ns3::Ptr<ns3::WifiNetDevice> device, AirLog* air)
    : device_(device), air_(air) {
  device_->GetPhy()->RegisterListener(this);
}

void RadioRest::Hold(ns3::Time duration) {
  device_->GetMac()->GetChannelAccessManager()->NotifyNavStartNow(duration);
}

bool RadioRest::IsAtRest() const {
  ns3::Ptr<ns3::WifiPhy> phy = device_->GetPhy();
  if (phy->IsStateTx() || phy->IsStateSwitching()) return false;
  ns3::Ptr<ns3::WifiMac> mac = device_->GetMac();
  if (mac->GetFrameExchangeManager()->GetWifiTxTimer().IsRunning()) {
    return false;
  }
  return Now() > last_frame_ns_ + phy->GetSifs().GetNanoSeconds();
}

bool RadioRest::IsOn() const {
  ns3::Ptr<ns3::WifiPhy> phy = device_->GetPhy();
  return !phy->IsStateOff() && !phy->IsStateSleep();
}

void RadioRest::NotifyTxStart(ns3::Time duration, double) {
  air_->last_transmission_ns = Now();
  last_frame_ns_ = std::max(last_frame_ns_, Now() + duration.GetNanoSeconds());
}

void RadioRest::NotifyRxEndOk() {
  last_frame_ns_ = std::max(last_frame_ns_, Now());
}

}  // namespace airlock
