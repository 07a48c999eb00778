#include "sim/packet/fabric_routing.h"

#include <ns3/loopback-net-device.h>
#include <ns3/output-stream-wrapper.h>
#include <ns3/packet.h>

#include "sim/packet/flow_hash.h"

namespace airlock {
namespace {

FlowKey KeyOf(const ns3::Packet& packet, const ns3::Ipv4Header& header) {
  constexpr uint8_t kTcp = 6;
  constexpr uint8_t kUdp = 17;
  FlowKey key;
  key.source = header.GetSource().Get();
  key.destination = header.GetDestination().Get();
  key.protocol = header.GetProtocol();
  const bool whole = header.GetFragmentOffset() == 0 && header.IsLastFragment();
  uint8_t ports[4];
  if (whole && (key.protocol == kTcp || key.protocol == kUdp) &&
      packet.CopyData(ports, sizeof(ports)) == sizeof(ports)) {
    key.source_port = static_cast<uint16_t>(ports[0] << 8 | ports[1]);
    key.destination_port = static_cast<uint16_t>(ports[2] << 8 | ports[3]);
  }
  return key;
}

}  // namespace

NS_OBJECT_ENSURE_REGISTERED(FabricRouting);

ns3::TypeId FabricRouting::GetTypeId() {
  static ns3::TypeId type = ns3::TypeId("airlock::FabricRouting")
                                .SetParent<ns3::Ipv4RoutingProtocol>()
                                .SetGroupName("Internet")
                                .AddConstructor<FabricRouting>();
  return type;
}

void FabricRouting::Configure(ns3::Ipv4Address first_address, uint64_t salt,
                              bool multipath) {
  first_address_ = first_address;
  salt_ = salt;
  multipath_ = multipath;
}

void FabricRouting::SetTable(std::vector<std::vector<uint32_t>> interfaces) {
  interfaces_ = std::move(interfaces);
}

uint32_t FabricRouting::Choose(ns3::Ptr<const ns3::Packet> packet,
                               const ns3::Ipv4Header& header) const {
  const uint32_t host = header.GetDestination().Get() - first_address_.Get();
  if (host >= interfaces_.size() || interfaces_[host].empty()) return 0;
  const std::vector<uint32_t>& choices = interfaces_[host];
  if (choices.size() == 1 || !multipath_ || packet == nullptr) {
    return choices.front();
  }
  const uint64_t hash = FlowHash(KeyOf(*packet, header), salt_);
  return choices[ChooseByHash(hash, static_cast<uint32_t>(choices.size()))];
}

ns3::Ptr<ns3::Ipv4Route> FabricRouting::RouteThrough(uint32_t interface) {
  if (routes_.size() <= interface) routes_.resize(interface + 1);
  ns3::Ptr<ns3::Ipv4Route>& route = routes_[interface];
  if (route == nullptr) {
    route = ns3::Create<ns3::Ipv4Route>();
    // No gateway: the packet's own destination is the next hop, and a
    // point-to-point device needs no address resolution.
    route->SetGateway(ns3::Ipv4Address::GetZero());
    route->SetOutputDevice(ipv4_->GetNetDevice(interface));
    if (ipv4_->GetNAddresses(interface) > 0) {
      route->SetSource(ipv4_->GetAddress(interface, 0).GetLocal());
    }
  }
  return route;
}

ns3::Ptr<ns3::Ipv4Route> FabricRouting::RouteOutput(
    ns3::Ptr<ns3::Packet> packet, const ns3::Ipv4Header& header,
    ns3::Ptr<ns3::NetDevice> /*device*/, ns3::Socket::SocketErrno& error) {
  const uint32_t interface = Choose(packet, header);
  if (interface == 0) {
    error = ns3::Socket::ERROR_NOROUTETOHOST;
    return nullptr;
  }
  error = ns3::Socket::ERROR_NOTERROR;
  return RouteThrough(interface);
}

bool FabricRouting::RouteInput(ns3::Ptr<const ns3::Packet> packet,
                               const ns3::Ipv4Header& header,
                               ns3::Ptr<const ns3::NetDevice> device,
                               UnicastForwardCallback forward,
                               MulticastForwardCallback /*forward_multicast*/,
                               LocalDeliverCallback deliver,
                               ErrorCallback error) {
  const uint32_t host = header.GetDestination().Get() - first_address_.Get();
  // Only the host itself has no way to a host (SetTable).
  if (host < interfaces_.size() && interfaces_[host].empty()) {
    deliver(packet, header,
            static_cast<uint32_t>(ipv4_->GetInterfaceForDevice(device)));
    return true;
  }
  const uint32_t interface = Choose(packet, header);
  if (interface == 0) {
    error(packet, header, ns3::Socket::ERROR_NOROUTETOHOST);
    return false;
  }
  forward(RouteThrough(interface), packet, header);
  return true;
}

void FabricRouting::PrintRoutingTable(ns3::Ptr<ns3::OutputStreamWrapper> stream,
                                      ns3::Time::Unit /*unit*/) const {
  for (size_t host = 0; host < interfaces_.size(); ++host) {
    *stream->GetStream() << "host " << host << ":";
    for (uint32_t interface : interfaces_[host]) {
      *stream->GetStream() << " " << interface;
    }
    *stream->GetStream() << "\n";
  }
}

void FabricRouting::DoDispose() {
  ipv4_ = nullptr;
  routes_.clear();
  ns3::Ipv4RoutingProtocol::DoDispose();
}

}  // namespace airlock
