#pragma once

#include <ns3/event-id.h>
#include <ns3/mac48-address.h>
#include <ns3/nstime.h>
#include <ns3/wifi-mac-queue-scheduler.h>
#include <ns3/wifi-mac.h>
#include <ns3/wifi-net-device.h>

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <utility>

// Private to sim/packet.
namespace airlock {

// The queues of a device in ns-3's order, first come, first served, but for
// peers that do not answer: those out of range or on another channel.
//
// After a lost aggregate ns-3 3.37's originator asks for a block ack before
// anything else, and asks again for as long as there is data for that peer: an
// access point that has lost one station serves nobody any more. Here as many
// requests without acknowledgement as a frame has transmissions are the end.
// The peer is left alone for a while, in which its frames wait and grow old,
// and then asked again. The while is short at first, since collisions look the
// same, and twice as long each time until the peer acknowledges something or is
// heard.
//
// Never holds outside: one a device, from before its first frame.
class SilentPeers : public ns3::WifiMacQueueScheduler {
 public:
  static ns3::TypeId GetTypeId();

  // `requests` without an acknowledgement between them, then a pause. Does
  // nothing to a device without QoS (802.11a), which has no block ack: null.
  static ns3::Ptr<SilentPeers> Install(ns3::Ptr<ns3::WifiNetDevice> device,
                                       int64_t requests);

  // The peer of that address is back: it need not wait for the end of a pause.
  static void NoteReturn(ns3::Ptr<ns3::WifiMac> mac, ns3::Mac48Address address);

  // A frame of that address has come: whoever it is, it is there.
  void NoteHeard(ns3::Mac48Address address);

  void SetWifiMac(ns3::Ptr<ns3::WifiMac> mac) override;
  // Leave out the queues of peers that are left alone.
  std::optional<ns3::WifiContainerQueueId> GetNext(ns3::AcIndex category,
                                                   uint8_t link) override;
  std::optional<ns3::WifiContainerQueueId> GetNext(
      ns3::AcIndex category, uint8_t link,
      const ns3::WifiContainerQueueId& previous) override;
  // As ns-3's.
  std::list<uint8_t> GetLinkIds(ns3::AcIndex category,
                                const ns3::WifiContainerQueueId& id) override;
  void SetLinkIds(ns3::AcIndex category, const ns3::WifiContainerQueueId& id,
                  const std::list<uint8_t>& links) override;
  ns3::Ptr<ns3::WifiMpdu> HasToDropBeforeEnqueue(
      ns3::AcIndex category, ns3::Ptr<ns3::WifiMpdu> mpdu) override;
  void NotifyEnqueue(ns3::AcIndex category,
                     ns3::Ptr<ns3::WifiMpdu> mpdu) override;
  void NotifyDequeue(ns3::AcIndex category,
                     const std::list<ns3::Ptr<ns3::WifiMpdu>>& mpdus) override;
  void NotifyRemove(ns3::AcIndex category,
                    const std::list<ns3::Ptr<ns3::WifiMpdu>>& mpdus) override;

 private:
  using Peer = std::pair<ns3::Mac48Address, uint8_t>;  // and its TID

  std::optional<ns3::WifiContainerQueueId> SkipPaused(
      ns3::AcIndex category, uint8_t link,
      std::optional<ns3::WifiContainerQueueId> id);
  void OnTimeout(uint8_t reason, ns3::Ptr<const ns3::WifiPsdu> psdu,
                 const ns3::WifiTxVector& vector);
  void OnAcknowledged(ns3::Ptr<const ns3::WifiMpdu> mpdu);
  void Pause(Peer peer);
  void Resume(Peer peer);
  void DoDispose() override;

  ns3::Ptr<ns3::WifiMacQueueScheduler> order_;  // who is next, of all
  int64_t requests_ = 0;
  std::map<Peer, int64_t> unanswered_;   // requests in a row
  std::map<Peer, ns3::Time> next_;       // pause, if not the first
  std::map<Peer, ns3::EventId> paused_;  // until when
};

}  // namespace airlock
