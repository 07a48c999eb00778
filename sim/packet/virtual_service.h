#pragma once

#include <ns3/ip-l4-protocol.h>
#include <ns3/ipv4-address.h>
#include <ns3/ipv4.h>
#include <ns3/node.h>

#include <functional>
#include <optional>

// A virtual address with direct return in the manner of L3DSR (NANOG 51): the
// balancer sends a client's packet on to a server's own address, marked with a
// code point that stands for the virtual one; the server puts the virtual
// address back and answers the client itself. So the balancer sees the packets
// from clients alone. Congestion marks (ECN) pass. Private to sim/packet.
namespace airlock {

// TCP packets of a node, before its own TCP. Both classes below take its place.
class TcpPackets : public ns3::IpL4Protocol {
 public:
  using Target = ns3::IpL4Protocol::DownTargetCallback;
  using Target6 = ns3::IpL4Protocol::DownTargetCallback6;

  static ns3::TypeId GetTypeId();

  int GetProtocolNumber() const override { return 6; }
  RxStatus Receive(ns3::Ptr<ns3::Packet> packet, const ns3::Ipv6Header& header,
                   ns3::Ptr<ns3::Ipv6Interface> interface) override;
  using ns3::IpL4Protocol::ReceiveIcmp;
  void SetDownTarget(Target /*target*/) override {}
  void SetDownTarget6(Target6 /*target*/) override {}
  Target GetDownTarget() const override { return Target(); }
  Target6 GetDownTarget6() const override { return Target6(); }
};

// At the balancer's host, whose address is the virtual one.
class VirtualService : public TcpPackets {
 public:
  // Where a client's packet goes; nothing drops it.
  using Route = std::function<std::optional<ns3::Ipv4Address>(
      const ns3::Packet& packet, const ns3::Ipv4Header& header)>;

  static ns3::TypeId GetTypeId();
  // From here `node` does not have TCP itself.
  static void Install(ns3::Ptr<ns3::Node> node, Route route);

  using TcpPackets::Receive;
  RxStatus Receive(ns3::Ptr<ns3::Packet> packet, const ns3::Ipv4Header& header,
                   ns3::Ptr<ns3::Ipv4Interface> interface) override;

 private:
  ns3::Ptr<ns3::Ipv4> ipv4_;
  Route route_;
};

// At a host whose TCP stays: a server, or a client.
class DirectReturn : public TcpPackets {
 public:
  // Whether a packet between the client's address and port and this host gets
  // through.
  using Passes =
      std::function<bool(ns3::Ipv4Address client, uint16_t client_port)>;

  static ns3::TypeId GetTypeId();
  // `client`: the host's packets are those of a client, whose address and port
  // are its own; otherwise they are the other end's.
  static void Install(ns3::Ptr<ns3::Node> node,
                      ns3::Ipv4Address virtual_address, bool client,
                      Passes passes);

  using TcpPackets::Receive;
  RxStatus Receive(ns3::Ptr<ns3::Packet> packet, const ns3::Ipv4Header& header,
                   ns3::Ptr<ns3::Ipv4Interface> interface) override;

 private:
  void Send(ns3::Ptr<ns3::Packet> packet, ns3::Ipv4Address source,
            ns3::Ipv4Address destination, uint8_t protocol,
            ns3::Ptr<ns3::Ipv4Route> route);

  ns3::Ptr<ns3::IpL4Protocol> tcp_;
  Target down_;
  ns3::Ipv4Address virtual_address_;
  bool client_ = false;
  Passes passes_;
};

}  // namespace airlock
