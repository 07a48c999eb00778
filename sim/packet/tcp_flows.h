#pragma once

#include <ns3/address.h>
#include <ns3/socket.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "sim/packet/datacentre.h"

namespace airlock {

// A TCP connection from its first SYN to the last byte received.
struct TcpFlow {
  int64_t from = 0;
  int64_t to = 0;
  std::optional<DataSize> size;  // none: never ends
  SimTime start;                 // of the connection
  std::optional<SimTime> end;    // last byte received
  int64_t queued = 0;            // bytes given to the sender's TCP
  int64_t received = 0;          // bytes given to the receiver
  ns3::Ptr<ns3::Socket> sender;  // while it sends
};

// Opens TCP connections between hosts of a network and follows them. Every host
// listens on one port; a flow is known there by its source address and port.
class TcpFlows {
 public:
  using ReceivedCallback = std::function<void(const TcpFlow&, int64_t bytes)>;
  using FinishedCallback = std::function<void(size_t flow, const TcpFlow&)>;

  // `buffer` is that of the sender's TCP. `received` is called for all data,
  // `finished` at the last byte of a flow of finite size.
  TcpFlows(DataSize buffer, ReceivedCallback received,
           FinishedCallback finished);

  // Makes the hosts listen.
  void Install(DatacentreNetwork& network);
  // Source ports are taken in turn from a random first one; once, before any
  // Open().
  void DrawPorts(RngStream* stream);
  // Connects now. Returns the flow's position in flows().
  size_t Open(int64_t from, int64_t to, std::optional<DataSize> size);

  const std::vector<TcpFlow>& flows() const { return flows_; }
  // Connections that were refused or timed out.
  int64_t failed() const { return failed_; }

 private:
  // Binds `socket` to the next free port of host `from`; returns the port.
  uint16_t BindNextPort(int64_t from, ns3::Ptr<ns3::Socket> socket);
  void OnAccept(ns3::Ptr<ns3::Socket> socket, const ns3::Address& from);
  void OnConnected(size_t flow, ns3::Ptr<ns3::Socket> socket);
  void OnFailed(size_t flow, ns3::Ptr<ns3::Socket> socket);
  void OnSpace(size_t flow, ns3::Ptr<ns3::Socket> socket, uint32_t available);
  void OnReceive(size_t flow, ns3::Ptr<ns3::Socket> socket);
  void Fill(size_t flow);

  int64_t chunk_;  // bytes given to TCP at a time, where there are as many
  ReceivedCallback received_;
  FinishedCallback finished_;
  DatacentreNetwork* network_ = nullptr;
  std::vector<TcpFlow> flows_;
  std::vector<uint16_t> next_port_;  // by host
  // Source address and port of flows that are not accepted yet.
  std::map<std::pair<uint32_t, uint16_t>, size_t> connecting_;
  int64_t failed_ = 0;
};

}  // namespace airlock
