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

void FabricRouting::Configure(ns3::Ipv4Address first_address, int64_t own_host,
                              uint64_t salt, bool multipath) {
  first_address_ = first_address;
  own_host_ = own_host;
  salt_ = salt;
  multipath_ = multipath;
}

void FabricRouting::SetTable(std::vector<uint32_t> choice_of_host,
                             std::vector<Choice> choices) {
  choice_of_host_ = std::move(choice_of_host);
  choices_ = std::move(choices);
}

const FabricRouting::Choice* FabricRouting::ChoiceFor(uint32_t host) const {
  const size_t choice =
      host < choice_of_host_.size() ? choice_of_host_[host] : 0;
  const bool known = choice < choices_.size();
  return known && !choices_[choice].interfaces.empty() ? &choices_[choice]
                                                       : nullptr;
}

uint32_t FabricRouting::Choose(ns3::Ptr<const ns3::Packet> packet,
                               const ns3::Ipv4Header& header) const {
  const Choice* choice =
      ChoiceFor(header.GetDestination().Get() - first_address_.Get());
  if (choice == nullptr) return 0;
  if (choice->interfaces.size() == 1 || !multipath_ || packet == nullptr) {
    return choice->interfaces.front();
  }
  const uint64_t hash = FlowHash(KeyOf(*packet, header), salt_);
  return choice->interfaces[ChooseByHash(hash, choice->weights)];
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
  if (static_cast<int64_t>(host) == own_host_) {
    deliver(packet, header,
            static_cast<uint32_t>(ipv4_->GetInterfaceForDevice(device)));
    return true;
  }
  const uint32_t interface = Choose(packet, header);
  if (interface == 0) {
    ++unrouted_;
    error(packet, header, ns3::Socket::ERROR_NOROUTETOHOST);
    return false;
  }
  forward(RouteThrough(interface), packet, header);
  return true;
}

void FabricRouting::PrintRoutingTable(ns3::Ptr<ns3::OutputStreamWrapper> stream,
                                      ns3::Time::Unit /*unit*/) const {
  for (size_t host = 0; host < choice_of_host_.size(); ++host) {
    *stream->GetStream() << "host " << host << ":";
    const Choice& choice = choices_[choice_of_host_[host]];
    for (size_t i = 0; i < choice.interfaces.size(); ++i) {
      *stream->GetStream() << " " << choice.interfaces[i] << " ("
                           << choice.weights[i] << ")";
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
