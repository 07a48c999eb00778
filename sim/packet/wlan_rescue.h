#pragma once

#include <ns3/wifi-net-device.h>

// Private to sim/packet.
namespace airlock {

// Keeps block acknowledgement from stopping for ever in a starved BSS. Two
// gaps of ns-3 3.37's originator: an ADDBA request that dies of its lifetime
// leaves the destination blocked, waiting for an answer to a frame that was
// never sent; and a transmitted MPDU that leaves the queue by its lifetime, or
// pushed out by a management frame, may never move the transmit window on.
// After each such loss the agreement is told, and the queue asks for the
// channel again. Does nothing to a station without QoS (802.11a). Install on
// every device, once.
void InstallBlockAckRescue(ns3::Ptr<ns3::WifiNetDevice> device);

}  // namespace airlock
