#include "sim/packet/wlan_silent_peers.h"

#include <ns3/block-ack-manager.h>
#include <ns3/callback.h>
#include <ns3/ctrl-headers.h>
#include <ns3/fcfs-wifi-queue-scheduler.h>
#include <ns3/qos-txop.h>
#include <ns3/simulator.h>
#include <ns3/wifi-mac-queue.h>
#include <ns3/wifi-mpdu.h>
#include <ns3/wifi-psdu.h>

namespace airlock {
namespace {

using QueueId = ns3::WifiContainerQueueId;
using MpduPtr = ns3::Ptr<ns3::WifiMpdu>;

constexpr uint8_t kLink = 0;
// From more than the longest backoff, so that others get their turn, to a usual
// beacon interval.
const ns3::Time kFirstPause = ns3::MicroSeconds(12800);
const ns3::Time kLongestPause = ns3::MicroSeconds(102400);

}  // namespace

NS_OBJECT_ENSURE_REGISTERED(SilentPeers);

ns3::TypeId SilentPeers::GetTypeId() {
  static ns3::TypeId id = ns3::TypeId("airlock::SilentPeers")
                              .SetParent<ns3::WifiMacQueueScheduler>()
                              .AddConstructor<SilentPeers>();
  return id;
}

ns3::Ptr<SilentPeers> SilentPeers::Install(ns3::Ptr<ns3::WifiNetDevice> device,
                                           int64_t requests) {
  ns3::Ptr<ns3::WifiMac> mac = device->GetMac();
  if (!mac->GetQosSupported()) return nullptr;
  auto peers = ns3::CreateObject<SilentPeers>();
  peers->order_ = ns3::CreateObject<ns3::FcfsWifiQueueScheduler>();
  peers->requests_ = requests;
  mac->SetMacQueueScheduler(peers);
  SilentPeers* const here = ns3::PeekPointer(peers);
  mac->TraceConnectWithoutContext(
      "PsduResponseTimeout", ns3::MakeCallback(&SilentPeers::OnTimeout, here));
  mac->TraceConnectWithoutContext(
      "AckedMpdu", ns3::MakeCallback(&SilentPeers::OnAcknowledged, here));
  return peers;
}

void SilentPeers::NoteReturn(ns3::Ptr<ns3::WifiMac> mac,
                             ns3::Mac48Address address) {
  auto peers = ns3::DynamicCast<SilentPeers>(mac->GetMacQueueScheduler());
  if (peers == nullptr) return;
  const std::map<Peer, ns3::EventId> paused = peers->paused_;
  for (const auto& [peer, event] : paused) {
    if (peer.first == address) peers->Resume(peer);
  }
}

void SilentPeers::NoteHeard(ns3::Mac48Address address) {
  auto peer = next_.lower_bound({address, 0});
  while (peer != next_.end() && peer->first.first == address) {
    peer = next_.erase(peer);
  }
}

void SilentPeers::SetWifiMac(ns3::Ptr<ns3::WifiMac> mac) {
  order_->SetWifiMac(mac);  // the queues call it now; let them call this
  for (const ns3::AcIndex category :
       {ns3::AC_BE, ns3::AC_BK, ns3::AC_VI, ns3::AC_VO, ns3::AC_BE_NQOS,
        ns3::AC_BEACON}) {
    ns3::Ptr<ns3::WifiMacQueue> queue = mac->GetTxopQueue(category);
    if (queue != nullptr) queue->SetScheduler(this);
  }
  WifiMacQueueScheduler::SetWifiMac(mac);
}

std::optional<QueueId> SilentPeers::SkipPaused(ns3::AcIndex category,
                                               uint8_t link,
                                               std::optional<QueueId> id) {
  const auto is_paused = [this](const QueueId& queue) {
    const auto& [type, address, tid] = queue;
    return type == ns3::WIFI_QOSDATA_UNICAST_QUEUE &&
           paused_.count({address, tid}) > 0;
  };
  while (id && !paused_.empty() && is_paused(*id)) {
    id = order_->GetNext(category, link, *id);
  }
  return id;
}

std::optional<QueueId> SilentPeers::GetNext(ns3::AcIndex category,
                                            uint8_t link) {
  return SkipPaused(category, link, order_->GetNext(category, link));
}

std::optional<QueueId> SilentPeers::GetNext(ns3::AcIndex category, uint8_t link,
                                            const QueueId& previous) {
  return SkipPaused(category, link, order_->GetNext(category, link, previous));
}

std::list<uint8_t> SilentPeers::GetLinkIds(ns3::AcIndex category,
                                           const QueueId& id) {
  return order_->GetLinkIds(category, id);
}

void SilentPeers::SetLinkIds(ns3::AcIndex category, const QueueId& id,
                             const std::list<uint8_t>& links) {
  order_->SetLinkIds(category, id, links);
}

MpduPtr SilentPeers::HasToDropBeforeEnqueue(ns3::AcIndex category,
                                            MpduPtr mpdu) {
  return order_->HasToDropBeforeEnqueue(category, mpdu);
}

void SilentPeers::NotifyEnqueue(ns3::AcIndex category, MpduPtr mpdu) {
  order_->NotifyEnqueue(category, mpdu);
}

void SilentPeers::NotifyDequeue(ns3::AcIndex category,
                                const std::list<MpduPtr>& mpdus) {
  order_->NotifyDequeue(category, mpdus);
}

void SilentPeers::NotifyRemove(ns3::AcIndex category,
                               const std::list<MpduPtr>& mpdus) {
  order_->NotifyRemove(category, mpdus);
}

void SilentPeers::OnTimeout(uint8_t, ns3::Ptr<const ns3::WifiPsdu> psdu,
                            const ns3::WifiTxVector&) {
  if (!psdu->GetHeader(0).IsBlockAckReq()) return;
  ns3::CtrlBAckRequestHeader request;
  psdu->GetPayload(0)->PeekHeader(request);
  const Peer peer(psdu->GetAddr1(), request.GetTidInfo());
  if (++unanswered_[peer] < requests_) return;
  // The MAC is about to schedule the next request: act when it is done.
  ns3::Simulator::ScheduleNow(&SilentPeers::Pause, this, peer);
}

void SilentPeers::OnAcknowledged(ns3::Ptr<const ns3::WifiMpdu> mpdu) {
  const ns3::WifiMacHeader& header = mpdu->GetHeader();
  if (!header.IsQosData() || (unanswered_.empty() && next_.empty())) return;
  const Peer peer(header.GetAddr1(), header.GetQosTid());
  unanswered_.erase(peer);
  next_.erase(peer);
}

void SilentPeers::Pause(Peer peer) {
  const auto [address, tid] = peer;
  const ns3::Ptr<ns3::QosTxop> txop = GetMac()->GetQosTxop(tid);
  const ns3::Ptr<ns3::BlockAckManager> agreements = txop->GetBaManager();
  constexpr bool kRemove = true;
  while (agreements->GetBar(kRemove, tid, address) != nullptr) {
  }
  unanswered_.erase(peer);
  txop->ResetCw(kLink);  // as after the last try of a frame (802.11, 10.3.3)
  paused_[peer].Cancel();
  ns3::Time& next = next_.emplace(peer, kFirstPause).first->second;
  paused_[peer] =
      ns3::Simulator::Schedule(next, &SilentPeers::Resume, this, peer);
  next = ns3::Min(2 * next, kLongestPause);
}

void SilentPeers::Resume(Peer peer) {
  const auto [address, tid] = peer;
  paused_[peer].Cancel();
  paused_.erase(peer);
  unanswered_.erase(peer);
  const ns3::Ptr<ns3::QosTxop> txop = GetMac()->GetQosTxop(tid);
  if (txop->GetBaManager()->ExistsAgreementInState(
          address, tid, ns3::OriginatorBlockAckAgreement::ESTABLISHED)) {
    constexpr bool kOnlyIfThereIsData = true;
    txop->ScheduleBar(txop->PrepareBlockAckRequest(address, tid),
                      kOnlyIfThereIsData);
  }
  txop->NotifyWakeUp(kLink);
}

void SilentPeers::DoDispose() {
  for (auto& [peer, event] : paused_) event.Cancel();
  paused_.clear();
  order_->Dispose();
  order_ = nullptr;
  WifiMacQueueScheduler::DoDispose();
}

}  // namespace airlock
