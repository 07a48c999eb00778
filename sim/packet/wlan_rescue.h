#pragma once

#include <ns3/wifi-net-device.h>

#include "sim/packet/wlan_silent_peers.h"

// Private to sim/packet.
namespace airlock {

// Keeps block acknowledgement from stopping for ever in a starved BSS. Three
// gaps of ns-3 3.37's originator: an ADDBA request that dies of its lifetime
// leaves the destination blocked, waiting for an answer to a frame that was
// never sent; a transmitted MPDU that leaves the queue by its lifetime, or
// pushed out by a management frame, may never move the transmit window on; and
// when the answer to an ADDBA request comes late, or its Ack is lost, the
// recipient waits for frames that were sent without it. After each such loss
// the agreement is told, and the queue asks for the channel again; every
// agreement begins with a BlockAckReq, which tells the recipient where the
// window begins. Does nothing to a station without QoS (802.11a). Install on
// every device, once, when its MAC has its PHY.
//
// The recipient has a gap too: an aggregate that comes before the Ack of its
// ADDBA response (lost in a collision, say) makes it answer by an agreement
// that is not there. Such an aggregate counts as lost here; the originator asks
// again.
// `peers`: the device's; told whom it hears.
void InstallBlockAckRescue(ns3::Ptr<ns3::WifiNetDevice> device,
                           SilentPeers* peers);

}  // namespace airlock
