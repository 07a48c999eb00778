#include "sim/packet/tcp_flows.h"

#include <ns3/inet-socket-address.h>
#include <ns3/packet.h>
#include <ns3/tcp-socket-factory.h>

#include <algorithm>

#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr uint16_t kServicePort = 5001;
constexpr uint16_t kFirstPort = 10000;
constexpr uint16_t kLastPort = 65535;
constexpr int64_t kLargestChunk = 65536;

void CloseSocket(ns3::Ptr<ns3::Socket> socket) { socket->Close(); }
void IgnoreClose(ns3::Ptr<ns3::Socket> /*socket*/) {}

}  // namespace

TcpFlows::TcpFlows(DataSize buffer, ReceivedCallback received,
                   FinishedCallback finished)
    : chunk_(std::clamp<int64_t>(buffer.value() / 2, 1, kLargestChunk)),
      received_(std::move(received)),
      finished_(std::move(finished)) {}

void TcpFlows::Install(DatacentreNetwork& network) {
  network_ = &network;
  for (int64_t host = 0; host < network.hosts(); ++host) {
    auto socket = ns3::Socket::CreateSocket(network.host(host),
                                            ns3::TcpSocketFactory::GetTypeId());
    socket->Bind(ns3::InetSocketAddress(network.address(host), kServicePort));
    socket->Listen();
    socket->SetAcceptCallback(ns3::MakeNullCallback<bool, ns3::Ptr<ns3::Socket>,
                                                    const ns3::Address&>(),
                              ns3::MakeCallback(&TcpFlows::OnAccept, this));
  }
}

void TcpFlows::DrawPorts(RngStream* stream) {
  for (int64_t host = 0; host < network_->hosts(); ++host) {
    const uint64_t offset = stream->UniformInt(kLastPort - kFirstPort + 1);
    next_port_.push_back(static_cast<uint16_t>(kFirstPort + offset));
  }
}

uint16_t TcpFlows::BindNextPort(int64_t from, ns3::Ptr<ns3::Socket> socket) {
  uint16_t& next = next_port_[static_cast<size_t>(from)];
  for (int tries = kLastPort - kFirstPort + 1; tries > 0; --tries) {
    const uint16_t port = next;
    next = port == kLastPort ? kFirstPort : static_cast<uint16_t>(port + 1);
    const auto address = ns3::InetSocketAddress(network_->address(from), port);
    if (socket->Bind(address) == 0) return port;
  }
  throw Error(fmt::format("host {} has no free TCP port", from));
}

size_t TcpFlows::Open(int64_t from, int64_t to, std::optional<DataSize> size) {
  const size_t flow = flows_.size();
  auto socket = ns3::Socket::CreateSocket(network_->host(from),
                                          ns3::TcpSocketFactory::GetTypeId());
  const uint16_t port = BindNextPort(from, socket);
  connecting_[{network_->address(from).Get(), port}] = flow;
  flows_.push_back({from, to, size, network_->Now(), {}, 0, 0, socket});
  socket->SetConnectCallback(
      ns3::MakeCallback(&TcpFlows::OnConnected, this, flow),
      ns3::MakeCallback(&TcpFlows::OnFailed, this, flow));
  socket->SetSendCallback(ns3::MakeCallback(&TcpFlows::OnSpace, this, flow));
  socket->ShutdownRecv();
  socket->Connect(ns3::InetSocketAddress(network_->address(to), kServicePort));
  return flow;
}

void TcpFlows::OnAccept(ns3::Ptr<ns3::Socket> socket,
                        const ns3::Address& from) {
  const auto address = ns3::InetSocketAddress::ConvertFrom(from);
  const auto found =
      connecting_.find({address.GetIpv4().Get(), address.GetPort()});
  AIRLOCK_CHECK(found != connecting_.end(), "a connection nobody opened");
  const size_t flow = found->second;
  connecting_.erase(found);
  socket->SetRecvCallback(ns3::MakeCallback(&TcpFlows::OnReceive, this, flow));
  socket->SetCloseCallbacks(ns3::MakeCallback(&CloseSocket),
                            ns3::MakeCallback(&IgnoreClose));
}

void TcpFlows::OnConnected(size_t flow, ns3::Ptr<ns3::Socket> /*socket*/) {
  Fill(flow);
}

void TcpFlows::OnFailed(size_t flow, ns3::Ptr<ns3::Socket> /*socket*/) {
  ++failed_;
  flows_[flow].sender = nullptr;
}

void TcpFlows::OnSpace(size_t flow, ns3::Ptr<ns3::Socket> /*socket*/,
                       uint32_t /*available*/) {
  Fill(flow);
}

void TcpFlows::Fill(size_t flow) {
  // Sending may call OnSpace(), so nothing is kept across it.
  while (flows_[flow].sender != nullptr) {
    TcpFlow& f = flows_[flow];
    const int64_t left = f.size ? f.size->value() - f.queued : chunk_;
    if (left == 0) {
      // Sends what is queued first.
      ns3::Ptr<ns3::Socket> sender = f.sender;
      f.sender = nullptr;
      sender->Close();
      return;
    }
    const int64_t bytes = std::min(left, chunk_);
    if (f.sender->GetTxAvailable() < bytes) return;
    f.queued += bytes;
    const int sent =
        f.sender->Send(ns3::Create<ns3::Packet>(static_cast<uint32_t>(bytes)));
    if (sent == bytes) continue;
    flows_[flow].queued -= bytes - std::max(sent, 0);
    return;
  }
}

void TcpFlows::OnReceive(size_t flow, ns3::Ptr<ns3::Socket> socket) {
  int64_t bytes = 0;
  while (ns3::Ptr<ns3::Packet> packet = socket->Recv()) {
    if (packet->GetSize() == 0) break;
    bytes += packet->GetSize();
  }
  if (bytes == 0) return;
  TcpFlow& f = flows_[flow];
  f.received += bytes;
  received_(f, bytes);
  if (f.size && f.received >= f.size->value() && !f.end) {
    f.end = network_->Now();
    finished_(flow, f);
  }
}

}  // namespace airlock
