#pragma once

#include <ns3/ipv4-header.h>
#include <ns3/ipv4-route.h>
#include <ns3/ipv4-routing-protocol.h>
#include <ns3/ipv4.h>

#include <vector>

namespace airlock {

// Forwarding of one node in a fabric of point-to-point links: a table from
// destination host to equal-cost interfaces, of which a packet takes the one
// that its flow hashes to, each in proportion to its weight. Look-ups take
// constant time, unlike ns-3's lists of routes, and no flow is reordered while
// the table stays.
class FabricRouting : public ns3::Ipv4RoutingProtocol {
 public:
  static ns3::TypeId GetTypeId();

  // Interfaces to choose from, with weights (> 0); none: no way.
  struct Choice {
    std::vector<uint32_t> interfaces;
    std::vector<double> weights;
  };

  // Host i has the address `first_address` + i; `own_host` is this node's
  // number, -1 for a switch. `salt` is this node's own. Without `multipath`,
  // every packet takes the first of its interfaces.
  void Configure(ns3::Ipv4Address first_address, int64_t own_host,
                 uint64_t salt, bool multipath);
  // The position in `choices` for each host, by index; empty: the first for
  // all.
  void SetTable(std::vector<uint32_t> choice_of_host,
                std::vector<Choice> choices);
  // Packets that found no way since the start.
  int64_t unrouted() const { return unrouted_; }

  ns3::Ptr<ns3::Ipv4Route> RouteOutput(
      ns3::Ptr<ns3::Packet> packet, const ns3::Ipv4Header& header,
      ns3::Ptr<ns3::NetDevice> device,
      ns3::Socket::SocketErrno& error) override;
  bool RouteInput(ns3::Ptr<const ns3::Packet> packet,
                  const ns3::Ipv4Header& header,
                  ns3::Ptr<const ns3::NetDevice> device,
                  UnicastForwardCallback forward,
                  MulticastForwardCallback forward_multicast,
                  LocalDeliverCallback deliver, ErrorCallback error) override;

  // Interfaces and addresses are fixed before the simulation begins.
  void NotifyInterfaceUp(uint32_t) override {}
  void NotifyInterfaceDown(uint32_t) override {}
  void NotifyAddAddress(uint32_t, ns3::Ipv4InterfaceAddress) override {}
  void NotifyRemoveAddress(uint32_t, ns3::Ipv4InterfaceAddress) override {}
  void SetIpv4(ns3::Ptr<ns3::Ipv4> ipv4) override { ipv4_ = ipv4; }
  void PrintRoutingTable(ns3::Ptr<ns3::OutputStreamWrapper> stream,
                         ns3::Time::Unit unit) const override;

 protected:
  void DoDispose() override;

 private:
  // The interfaces towards host `host`; nullptr if there are none.
  const Choice* ChoiceFor(uint32_t host) const;
  // The interface that `packet` leaves through; 0 if there is none.
  uint32_t Choose(ns3::Ptr<const ns3::Packet> packet,
                  const ns3::Ipv4Header& header) const;
  ns3::Ptr<ns3::Ipv4Route> RouteThrough(uint32_t interface);

  ns3::Ptr<ns3::Ipv4> ipv4_;
  ns3::Ipv4Address first_address_;
  uint64_t salt_ = 0;
  bool multipath_ = true;
  int64_t own_host_ = -1;
  std::vector<uint32_t> choice_of_host_;
  std::vector<Choice> choices_;
  int64_t unrouted_ = 0;
  std::vector<ns3::Ptr<ns3::Ipv4Route>> routes_;  // by interface, made once
};

}  // namespace airlock
