#include "sim/packet/wlan_rescue.h"

#include <ns3/block-ack-manager.h>
#include <ns3/callback.h>
#include <ns3/ht-frame-exchange-manager.h>
#include <ns3/mgt-headers.h>
#include <ns3/qos-txop.h>
#include <ns3/simulator.h>
#include <ns3/wifi-mac-queue.h>
#include <ns3/wifi-mac.h>
#include <ns3/wifi-phy.h>
#include <ns3/wifi-psdu.h>

#include <vector>

namespace airlock {
namespace {

using MacPtr = ns3::Ptr<ns3::WifiMac>;

// The lost frame was an ADDBA request: act as if its answer had timed out.
void GiveUpAgreement(MacPtr mac, ns3::Ptr<const ns3::WifiMpdu> mpdu) {
  ns3::Ptr<ns3::Packet> packet = mpdu->GetPacket()->Copy();
  ns3::WifiActionHeader action;
  packet->RemoveHeader(action);
  if (action.GetCategory() != ns3::WifiActionHeader::BLOCK_ACK ||
      action.GetAction().blockAck !=
          ns3::WifiActionHeader::BLOCK_ACK_ADDBA_REQUEST) {
    return;
  }
  ns3::MgtAddBaRequestHeader request;
  packet->RemoveHeader(request);
  mac->GetQosTxop(request.GetTid())
      ->AddBaResponseTimeout(mpdu->GetHeader().GetAddr1(), request.GetTid());
}

void AfterLoss(MacPtr mac, ns3::Ptr<const ns3::WifiMpdu> mpdu) {
  const ns3::WifiMacHeader& header = mpdu->GetHeader();
  if (header.IsAction()) {
    GiveUpAgreement(mac, mpdu);
    return;
  }
  if (!header.IsQosData() || header.GetAddr1().IsGroup()) return;
  ns3::Ptr<ns3::QosTxop> txop = mac->GetQosTxop(header.GetQosTid());
  // Ignores agreements that do not exist.
  txop->GetBaManager()->NotifyDiscardedMpdu(mpdu);
  constexpr uint8_t kLink = 0;
  txop->NotifyWakeUp(kLink);
}

// The queue is in the middle of removing the frame: act when it is done.
void OnLoss(MacPtr mac, ns3::Ptr<const ns3::WifiMpdu> mpdu) {
  const ns3::WifiMacHeader& header = mpdu->GetHeader();
  const bool sent = header.IsRetry() || mpdu->IsInFlight();
  if (!header.IsAction() && !sent) return;  // the window never covered it
  ns3::Simulator::ScheduleNow(&AfterLoss, mac, mpdu);
}

// The recipient counts from the frame that the ADDBA request named. What the
// originator sent alone since then, it waits for: tell it where to begin.
void SynchroniseWindow(ns3::Ptr<ns3::QosTxop> txop, ns3::Mac48Address recipient,
                       uint8_t tid) {
  if (!txop->GetBaManager()->ExistsAgreementInState(
          recipient, tid, ns3::OriginatorBlockAckAgreement::ESTABLISHED)) {
    return;
  }
  txop->ScheduleBar(txop->PrepareBlockAckRequest(recipient, tid));
  constexpr uint8_t kLink = 0;
  txop->NotifyWakeUp(kLink);
}

// The agreement is in the middle of its change: act when it is done.
void OnAgreement(ns3::Ptr<ns3::QosTxop> txop, ns3::Time,
                 ns3::Mac48Address recipient, uint8_t tid,
                 ns3::OriginatorBlockAckAgreement::State state) {
  if (state != ns3::OriginatorBlockAckAgreement::ESTABLISHED) return;
  ns3::Simulator::ScheduleNow(&SynchroniseWindow, txop, recipient, tid);
}

// Whether the recipient would answer this aggregate by an agreement that does
// not exist yet: it begins when the ADDBA response is acknowledged, but the
// originator may have the response while that Ack is lost.
bool IsTooEarly(ns3::Ptr<const ns3::HtFrameExchangeManager> recipient,
                ns3::Ptr<const ns3::WifiPsdu> psdu) {
  if (psdu->GetNMpdus() < 2 || psdu->GetAddr1() != recipient->GetAddress()) {
    return false;
  }
  for (const uint8_t tid : psdu->GetTids()) {
    if (!recipient->GetBaAgreementEstablished(psdu->GetAddr2(), tid)) {
      return true;
    }
  }
  return false;
}

// An aggregate that comes too early counts as lost.
void Receive(ns3::Ptr<ns3::HtFrameExchangeManager> recipient,
             SilentPeers* peers, ns3::Ptr<const ns3::WifiPsdu> psdu,
             ns3::RxSignalInfo signal, ns3::WifiTxVector vector,
             std::vector<bool> mpdu_good) {
  peers->NoteHeard(psdu->GetAddr2());
  if (IsTooEarly(recipient, psdu)) return;
  recipient->Receive(psdu, signal, vector, mpdu_good);
}

}  // namespace

void InstallBlockAckRescue(ns3::Ptr<ns3::WifiNetDevice> device,
                           SilentPeers* peers) {
  MacPtr mac = device->GetMac();
  if (!mac->GetQosSupported()) return;
  const auto exchange = ns3::DynamicCast<ns3::HtFrameExchangeManager>(
      mac->GetFrameExchangeManager());
  if (exchange) {
    device->GetPhy()->SetReceiveOkCallback(
        ns3::MakeBoundCallback(&Receive, exchange, peers));
  }
  for (const ns3::AcIndex ac :
       {ns3::AC_BE, ns3::AC_BK, ns3::AC_VI, ns3::AC_VO}) {
    ns3::Ptr<ns3::WifiMacQueue> queue = mac->GetTxopQueue(ac);
    for (const char* trace : {"Expired", "Drop"}) {
      queue->TraceConnectWithoutContext(trace,
                                        ns3::MakeBoundCallback(&OnLoss, mac));
    }
    const ns3::Ptr<ns3::QosTxop> txop = mac->GetQosTxop(ac);
    txop->GetBaManager()->TraceConnectWithoutContext(
        "AgreementState", ns3::MakeBoundCallback(&OnAgreement, txop));
  }
}

}  // namespace airlock
