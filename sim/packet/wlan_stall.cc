#include "sim/packet/wlan_stall.h"

#include <ns3/callback.h>
#include <ns3/simulator.h>
#include <ns3/sta-wifi-mac.h>
#include <ns3/wifi-mac-queue.h>
#include <ns3/wifi-mac.h>
#include <ns3/wifi-phy.h>
#include <ns3/wifi-remote-station-manager.h>

#include "sim/base/error.h"
#include "sim/packet/ns3_time.h"

namespace airlock {
namespace {

const ns3::Time kLook = ns3::MilliSeconds(100);
constexpr SimTime kStall = Milliseconds(1000);
// In that time, or it could not have sent.
constexpr int64_t kOftenSent = 50;   // PPDUs to others
constexpr double kMostlyIdle = 0.7;  // of the time

// What asks the receiver for an answer: data, management, block ack requests.
bool IsAttempt(const ns3::WifiMacHeader& header) {
  return header.IsData() || header.IsMgt() || header.IsBlockAckReq();
}

}  // namespace

// One radio that sends, with what it has tried.
struct StallWatch::Sender {
  std::string name;
  ns3::Ptr<ns3::WifiNetDevice> device;
  std::unique_ptr<AirtimeMeter> airtime;
  std::map<ns3::Mac48Address, int64_t> attempts;
  int64_t all_attempts = 0;

  void OnTransmission(ns3::WifiConstPsduMap psdus, ns3::WifiTxVector, double) {
    for (const auto& [user, psdu] : psdus) {
      const ns3::WifiMacHeader& header = psdu->GetHeader(0);
      if (!IsAttempt(header) || header.GetAddr1().IsGroup()) continue;
      ++attempts[header.GetAddr1()];
      ++all_attempts;
    }
  }
};

// Frames of `sender` for `receiver`.
struct StallWatch::Link {
  const WlanStation* station;
  const WlanCell* cell;
  Sender* sender;
  ns3::Mac48Address receiver;
  // Since when frames have waited and none was tried, and what the sender had
  // done until then.
  bool waits = false;
  SimTime since;
  int64_t attempts = 0;
  int64_t all_attempts = 0;
  Airtime airtime;

  int64_t Waiting() const {
    ns3::Ptr<ns3::WifiMac> mac = sender->device->GetMac();
    if (!mac->GetQosSupported()) {
      return mac->GetTxopQueue(ns3::AC_BE_NQOS)
          ->GetNPackets({ns3::WIFI_DATA_QUEUE, receiver, WIFI_TID_UNDEFINED});
    }
    constexpr uint8_t kBestEffort = 0;  // all of our traffic
    return mac->GetTxopQueue(ns3::AC_BE)
        ->GetNPackets({ns3::WIFI_QOSDATA_UNICAST_QUEUE, receiver, kBestEffort});
  }
};

StallWatch::StallWatch(const std::vector<WlanCell>& cells) : cells_(cells) {}
StallWatch::~StallWatch() = default;

void StallWatch::Start() {
  if (!links_.empty()) return;
  for (const WlanCell& cell : cells_) {
    Sender* access_point = SenderOf(cell.config.name, cell.device);
    for (const WlanStation& station : cell.stations) {
      Sender* sender = SenderOf(station.name, station.device);
      auto link = [&](Sender* from, ns3::Ptr<ns3::WifiNetDevice> to) {
        links_.push_back(std::make_unique<Link>());
        links_.back()->station = &station;
        links_.back()->cell = &cell;
        links_.back()->sender = from;
        links_.back()->receiver = to->GetMac()->GetAddress();
      };
      link(access_point, station.device);
      link(sender, cell.device);
    }
  }
  ns3::Simulator::Schedule(kLook, &StallWatch::Look, this);
}

StallWatch::Sender* StallWatch::SenderOf(const std::string& name,
                                         ns3::Ptr<ns3::WifiNetDevice> device) {
  senders_.push_back(std::make_unique<Sender>());
  Sender* sender = senders_.back().get();
  sender->name = name;
  sender->device = device;
  sender->airtime = std::make_unique<AirtimeMeter>(device->GetPhy());
  device->GetPhy()->TraceConnectWithoutContext(
      "PhyTxPsduBegin", ns3::MakeCallback(&Sender::OnTransmission, sender));
  return sender;
}

void StallWatch::Look() {
  for (const auto& link : links_) LookAt(link.get());
  ns3::Simulator::Schedule(kLook, &StallWatch::Look, this);
}

void StallWatch::LookAt(Link* link) const {
  Sender& sender = *link->sender;
  const SimTime now = FromNs3(ns3::Simulator::Now());
  const int64_t attempts = sender.attempts[link->receiver];
  const bool member =
      link->cell->device->GetMac()->GetWifiRemoteStationManager()->IsAssociated(
          link->station->device->GetMac()->GetAddress());
  if (member && !IsAssociated(*link->station)) {
    throw Error(fmt::format(
        "station '{}' has given up its access point '{}' at {} of simulated "
        "time",
        link->station->name, link->cell->config.name, ToString(now)));
  }
  const bool waits = member && link->Waiting() > 0;
  if (!waits || !link->waits || attempts != link->attempts) {
    link->waits = waits;
    link->since = now;
    link->attempts = attempts;
    link->all_attempts = sender.all_attempts;
    link->airtime = sender.airtime->Total();
    return;
  }
  if (now - link->since < kStall) return;
  const Airtime airtime = sender.airtime->Total() - link->airtime;
  const bool sent_others =
      sender.all_attempts - link->all_attempts >= kOftenSent;
  const bool idle = 1e-9 * static_cast<double>(airtime.idle) >
                    kMostlyIdle * Seconds(now - link->since);
  if (!sent_others && !idle) return;
  throw Error(fmt::format(
      "station '{}' has stalled: for {} '{}' holds frames for {} and tries to "
      "send none, although {}",
      link->station->name, ToString(now - link->since), sender.name,
      sender.device == link->cell->device ? "it" : link->cell->config.name,
      idle ? "its channel is idle" : "it sends to others"));
}

}  // namespace airlock
