#include "sim/packet/virtual_service.h"

#include <ns3/ipv4-header.h>
#include <ns3/ipv4-interface.h>
#include <ns3/ipv4-route.h>
#include <ns3/ipv4-routing-protocol.h>
#include <ns3/ipv6-interface.h>
#include <ns3/ipv6-route.h>
#include <ns3/packet.h>
#include <ns3/socket.h>
#include <ns3/tcp-l4-protocol.h>

#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr uint8_t kTcp = 6;
// A code point of pool 3, for local use (RFC 2474, 6).
constexpr uint8_t kCodePoint = 0x21;

uint8_t CodePointOf(uint8_t tos) { return tos >> 2; }

struct Ports {
  uint16_t source = 0;
  uint16_t destination = 0;
};

Ports PortsOf(const ns3::Packet& packet) {
  uint8_t bytes[4] = {};
  packet.CopyData(bytes, sizeof(bytes));
  return {static_cast<uint16_t>(bytes[0] << 8 | bytes[1]),
          static_cast<uint16_t>(bytes[2] << 8 | bytes[3])};
}

ns3::Ptr<ns3::Ipv4> Ipv4Of(ns3::Ptr<ns3::Node> node) {
  auto ipv4 = node->GetObject<ns3::Ipv4>();
  AIRLOCK_CHECK(ipv4 != nullptr, "a host without IP");
  return ipv4;
}

}  // namespace

NS_OBJECT_ENSURE_REGISTERED(VirtualService);
NS_OBJECT_ENSURE_REGISTERED(DirectReturn);

ns3::TypeId TcpPackets::GetTypeId() {
  static ns3::TypeId type = ns3::TypeId("airlock::TcpPackets")
                                .SetParent<ns3::IpL4Protocol>()
                                .SetGroupName("Internet");
  return type;
}

ns3::IpL4Protocol::RxStatus TcpPackets::Receive(
    ns3::Ptr<ns3::Packet> /*packet*/, const ns3::Ipv6Header& /*header*/,
    ns3::Ptr<ns3::Ipv6Interface> /*interface*/) {
  return RX_OK;  // hosts have no IPv6
}

ns3::TypeId VirtualService::GetTypeId() {
  static ns3::TypeId type = ns3::TypeId("airlock::VirtualService")
                                .SetParent<TcpPackets>()
                                .SetGroupName("Internet")
                                .AddConstructor<VirtualService>();
  return type;
}

void VirtualService::Install(ns3::Ptr<ns3::Node> node, Route route) {
  auto service = ns3::CreateObject<VirtualService>();
  service->ipv4_ = Ipv4Of(node);
  service->route_ = std::move(route);
  service->ipv4_->Insert(service);
}

ns3::IpL4Protocol::RxStatus VirtualService::Receive(
    ns3::Ptr<ns3::Packet> packet, const ns3::Ipv4Header& header,
    ns3::Ptr<ns3::Ipv4Interface> /*interface*/) {
  const auto server = route_(*packet, header);
  if (!server || header.GetTtl() <= 1) return RX_OK;
  ns3::Ipv4Header next = header;
  next.SetDestination(*server);
  ns3::Socket::SocketErrno error;
  auto route =
      ipv4_->GetRoutingProtocol()->RouteOutput(packet, next, nullptr, error);
  if (route == nullptr) return RX_OK;
  constexpr uint8_t kEcnBits = 0x03;
  ns3::SocketIpTosTag tos;
  tos.SetTos(
      static_cast<uint8_t>(kCodePoint << 2 | (header.GetTos() & kEcnBits)));
  packet->ReplacePacketTag(tos);
  ns3::SocketIpTtlTag ttl;
  ttl.SetTtl(static_cast<uint8_t>(header.GetTtl() - 1));
  packet->ReplacePacketTag(ttl);
  ipv4_->Send(packet, header.GetSource(), *server, kTcp, route);
  return RX_OK;
}

ns3::TypeId DirectReturn::GetTypeId() {
  static ns3::TypeId type = ns3::TypeId("airlock::DirectReturn")
                                .SetParent<TcpPackets>()
                                .SetGroupName("Internet")
                                .AddConstructor<DirectReturn>();
  return type;
}

void DirectReturn::Install(ns3::Ptr<ns3::Node> node,
                           ns3::Ipv4Address virtual_address, bool client,
                           Passes passes) {
  auto filter = ns3::CreateObject<DirectReturn>();
  auto tcp = node->GetObject<ns3::TcpL4Protocol>();
  AIRLOCK_CHECK(tcp != nullptr, "a host without TCP");
  filter->tcp_ = tcp;
  filter->down_ = tcp->GetDownTarget();
  filter->virtual_address_ = virtual_address;
  filter->client_ = client;
  filter->passes_ = std::move(passes);
  tcp->SetDownTarget(ns3::MakeCallback(&DirectReturn::Send, filter));
  Ipv4Of(node)->Insert(filter);
}

ns3::IpL4Protocol::RxStatus DirectReturn::Receive(
    ns3::Ptr<ns3::Packet> packet, const ns3::Ipv4Header& header,
    ns3::Ptr<ns3::Ipv4Interface> interface) {
  const Ports ports = PortsOf(*packet);
  const bool passes = client_
                          ? passes_(header.GetDestination(), ports.destination)
                          : passes_(header.GetSource(), ports.source);
  if (!passes) return RX_OK;
  if (CodePointOf(header.GetTos()) != kCodePoint) {
    return tcp_->Receive(packet, header, interface);
  }
  ns3::Ipv4Header to_service = header;
  to_service.SetDestination(virtual_address_);
  to_service.SetDscp(ns3::Ipv4Header::DscpDefault);
  return tcp_->Receive(packet, to_service, interface);
}

void DirectReturn::Send(ns3::Ptr<ns3::Packet> packet, ns3::Ipv4Address source,
                        ns3::Ipv4Address destination, uint8_t protocol,
                        ns3::Ptr<ns3::Ipv4Route> route) {
  const Ports ports = PortsOf(*packet);
  const bool passes = client_ ? passes_(source, ports.source)
                              : passes_(destination, ports.destination);
  if (passes) down_(packet, source, destination, protocol, route);
}

}  // namespace airlock
