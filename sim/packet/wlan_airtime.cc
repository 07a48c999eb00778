#include "sim/packet/wlan_airtime.h"

#include <ns3/callback.h>
#include <ns3/simulator.h>
#include <ns3/wifi-phy-state-helper.h>

#include <algorithm>

namespace airlock {
namespace {

int64_t Now() { return ns3::Simulator::Now().GetNanoSeconds(); }

int64_t Airtime::*Slot(WifiPhyState state) {
  switch (state) {
    case WifiPhyState::IDLE:
      return &Airtime::idle;
    case WifiPhyState::CCA_BUSY:
      return &Airtime::sensed;
    case WifiPhyState::TX:
      return &Airtime::transmit;
    case WifiPhyState::RX:
      return &Airtime::receive;
    default:
      return &Airtime::away;
  }
}

}  // namespace

Airtime operator-(const Airtime& a, const Airtime& b) {
  return {a.idle - b.idle, a.sensed - b.sensed, a.transmit - b.transmit,
          a.receive - b.receive, a.away - b.away};
}

// Remembers until when the primary channel was sensed busy: the one thing that
// an idle radio does not tell until its next event.
class AirtimeMeter::Listener : public ns3::WifiPhyListener {
 public:
  int64_t busy_until() const { return busy_until_; }

  void NotifyCcaBusyStart(ns3::Time duration, ns3::WifiChannelListType type,
                          const std::vector<ns3::Time>&) override {
    if (type != ns3::WIFI_CHANLIST_PRIMARY) return;
    busy_until_ = std::max(busy_until_, Now() + duration.GetNanoSeconds());
  }
  void NotifySwitchingStart(ns3::Time) override {
    busy_until_ = std::min(busy_until_, Now());
  }
  void NotifyRxStart(ns3::Time) override {}
  void NotifyRxEndOk() override {}
  void NotifyRxEndError() override {}
  void NotifyTxStart(ns3::Time, double) override {}
  void NotifySleep() override {}
  void NotifyOff() override {}
  void NotifyWakeup() override {}
  void NotifyOn() override {}

 private:
  int64_t busy_until_ = 0;
};

AirtimeMeter::AirtimeMeter(ns3::Ptr<ns3::WifiPhy> phy)
    : phy_(phy),
      listener_(std::make_unique<Listener>()),
      logged_until_(Now()),
      last_(&Airtime::idle) {
  phy_->RegisterListener(listener_.get());
  phy_->GetState()->TraceConnectWithoutContext(
      "State", ns3::MakeCallback(&AirtimeMeter::OnState, this));
}

AirtimeMeter::~AirtimeMeter() {
  phy_->UnregisterListener(listener_.get());
  phy_->GetState()->TraceDisconnectWithoutContext(
      "State", ns3::MakeCallback(&AirtimeMeter::OnState, this));
}

void AirtimeMeter::OnState(ns3::Time start, ns3::Time duration,
                           WifiPhyState state) {
  const int64_t end = (start + duration).GetNanoSeconds();
  if (end <= logged_until_) return;  // before this meter
  const int64_t begin = std::max(start.GetNanoSeconds(), logged_until_);
  logged_.idle += begin - logged_until_;
  last_ = Slot(state);
  logged_.*last_ += end - begin;
  logged_until_ = end;
}

Airtime AirtimeMeter::Total() const {
  Airtime total = logged_;
  const int64_t rest = Now() - logged_until_;
  if (rest <= 0) {  // in a transmission that was logged at its start
    total.*last_ += rest;
    return total;
  }
  const WifiPhyState state = phy_->GetState()->GetState();
  if (state != WifiPhyState::IDLE) {
    total.*Slot(state) += rest;
    return total;
  }
  const int64_t sensed =
      std::clamp<int64_t>(listener_->busy_until() - logged_until_, 0, rest);
  total.sensed += sensed;
  total.idle += rest - sensed;
  return total;
}

}  // namespace airlock
