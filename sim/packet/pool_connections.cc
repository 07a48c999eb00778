#include "sim/packet/pool_connections.h"

#include <ns3/inet-socket-address.h>
#include <ns3/packet.h>
#include <ns3/tcp-socket-factory.h>

#include <algorithm>

#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr uint16_t kServicePort = 80;
constexpr uint16_t kFirstPort = 10000;
constexpr uint16_t kLastPort = 65535;
constexpr int64_t kLargestChunk = 65536;

void IgnoreSocket(ns3::Ptr<ns3::Socket> /*socket*/) {}
void IgnoreSpace(ns3::Ptr<ns3::Socket> /*socket*/, uint32_t /*bytes*/) {}

// What comes in is read and forgotten; what is queued still goes out.
void Drain(ns3::Ptr<ns3::Socket> socket) {
  while (ns3::Ptr<ns3::Packet> packet = socket->Recv()) {
    if (packet->GetSize() == 0) break;
  }
}

// The socket's owner is no longer interested.
void Leave(ns3::Ptr<ns3::Socket> socket) {
  socket->SetConnectCallback(ns3::MakeCallback(&IgnoreSocket),
                             ns3::MakeCallback(&IgnoreSocket));
  socket->SetSendCallback(ns3::MakeCallback(&IgnoreSpace));
  socket->SetRecvCallback(ns3::MakeCallback(&Drain));
  socket->SetCloseCallbacks(ns3::MakeCallback(&IgnoreSocket),
                            ns3::MakeCallback(&IgnoreSocket));
  socket->Close();
}

int64_t Read(ns3::Ptr<ns3::Socket> socket) {
  int64_t bytes = 0;
  while (ns3::Ptr<ns3::Packet> packet = socket->Recv()) {
    if (packet->GetSize() == 0) break;
    bytes += packet->GetSize();
  }
  return bytes;
}

}  // namespace

PoolConnections::PoolConnections(DataSize buffer, Events events)
    : chunk_(std::clamp<int64_t>(buffer.value() / 2, 1, kLargestChunk)),
      events_(std::move(events)) {}

void PoolConnections::Install(DatacentreNetwork& network, int64_t service,
                              const std::vector<int64_t>& clients,
                              const std::vector<int64_t>& servers) {
  network_ = &network;
  service_ = service;
  clients_ = clients;
  for (const int64_t host : servers) {
    auto socket = ns3::Socket::CreateSocket(network.host(host),
                                            ns3::TcpSocketFactory::GetTypeId());
    // Of any address: the service's is not one of the host's.
    socket->Bind(
        ns3::InetSocketAddress(ns3::Ipv4Address::GetAny(), kServicePort));
    socket->Listen();
    socket->SetAcceptCallback(
        ns3::MakeNullCallback<bool, ns3::Ptr<ns3::Socket>,
                              const ns3::Address&>(),
        ns3::MakeCallback(&PoolConnections::OnAccept, this));
  }
}

void PoolConnections::DrawPorts(RngStream* stream) {
  for (size_t client = 0; client < clients_.size(); ++client) {
    const uint64_t offset = stream->UniformInt(kLastPort - kFirstPort + 1);
    next_port_.push_back(static_cast<uint16_t>(kFirstPort + offset));
  }
}

uint16_t PoolConnections::BindNextPort(size_t client,
                                       ns3::Ptr<ns3::Socket> socket) {
  const int64_t host = clients_[client];
  uint16_t& next = next_port_[client];
  for (int tries = kLastPort - kFirstPort + 1; tries > 0; --tries) {
    const uint16_t port = next;
    next = port == kLastPort ? kFirstPort : static_cast<uint16_t>(port + 1);
    const auto address = ns3::InetSocketAddress(network_->address(host), port);
    if (socket->Bind(address) == 0) return port;
  }
  throw Error(fmt::format("host {} has no free TCP port for a request", host));
}

int64_t PoolConnections::Open(size_t client, DataSize request,
                              DataSize response) {
  const int64_t id = next_id_++;
  const int64_t host = clients_[client];
  auto socket = ns3::Socket::CreateSocket(network_->host(host),
                                          ns3::TcpSocketFactory::GetTypeId());
  const uint16_t port = BindNextPort(client, socket);
  PoolConnection& flow = live_[id];
  flow.key = ConnectionKey(network_->address(host).Get(), port);
  flow.client_host = host;
  flow.request = flow.request_left = request.value();
  flow.response = response.value();
  flow.start = network_->Now();
  flow.client = socket;
  ids_[flow.key] = id;
  events_.opens(flow.key);
  const auto fill = [this, id](auto&&...) { FillRequest(id); };
  socket->SetConnectCallback(
      ns3::Callback<void, ns3::Ptr<ns3::Socket>>(fill),
      ns3::MakeCallback(&PoolConnections::OnFailed, this, id));
  socket->SetSendCallback(
      ns3::Callback<void, ns3::Ptr<ns3::Socket>, uint32_t>(fill));
  socket->SetRecvCallback(
      ns3::MakeCallback(&PoolConnections::OnResponse, this, id));
  socket->Connect(
      ns3::InetSocketAddress(network_->address(service_), kServicePort));
  return id;
}

void PoolConnections::OnAccept(ns3::Ptr<ns3::Socket> socket,
                               const ns3::Address& from) {
  const auto address = ns3::InetSocketAddress::ConvertFrom(from);
  const int64_t id =
      FindByKey(ConnectionKey(address.GetIpv4().Get(), address.GetPort()));
  if (id < 0) return Leave(socket);  // given up meanwhile
  Find(id)->server = socket;
  const auto fill = [this, id](auto&&...) { FillResponse(id); };
  socket->SetRecvCallback(
      ns3::MakeCallback(&PoolConnections::OnRequest, this, id));
  socket->SetSendCallback(
      ns3::Callback<void, ns3::Ptr<ns3::Socket>, uint32_t>(fill));
}

void PoolConnections::OnRequest(int64_t id, ns3::Ptr<ns3::Socket> socket) {
  PoolConnection* flow = Find(id);
  const int64_t bytes = Read(socket);
  if (flow == nullptr || bytes == 0) return;
  flow->asked += bytes;
  if (flow->asked == flow->request) events_.asked(id);
}

void PoolConnections::Answer(int64_t id) {
  PoolConnection* flow = Find(id);
  AIRLOCK_CHECK(flow != nullptr && flow->server != nullptr, "flow {}", id);
  flow->response_left = flow->response;
  FillResponse(id);
}

void PoolConnections::OnResponse(int64_t id, ns3::Ptr<ns3::Socket> socket) {
  PoolConnection* flow = Find(id);
  const int64_t bytes = Read(socket);
  if (flow == nullptr || bytes == 0) return;
  flow->answered += bytes;
  if (flow->answered < flow->response) return;
  events_.answered(id);
  Remove(id);
}

void PoolConnections::OnFailed(int64_t id, ns3::Ptr<ns3::Socket> /*socket*/) {
  if (Find(id) == nullptr) return;
  events_.failed(id);
  Remove(id);
}

void PoolConnections::FillRequest(int64_t id) {
  PoolConnection* flow = Find(id);
  if (flow != nullptr) Fill(flow->client, &flow->request_left);
}

void PoolConnections::FillResponse(int64_t id) {
  PoolConnection* flow = Find(id);
  if (flow == nullptr || flow->response_left == 0) return;
  // Closes behind the last byte.
  if (Fill(flow->server, &flow->response_left)) flow->server->Close();
}

bool PoolConnections::Fill(ns3::Ptr<ns3::Socket> socket, int64_t* left) const {
  while (*left > 0) {
    const int64_t bytes = std::min(*left, chunk_);
    if (socket->GetTxAvailable() < bytes) return false;
    *left -= bytes;  // first: sending may call back
    const int sent =
        socket->Send(ns3::Create<ns3::Packet>(static_cast<uint32_t>(bytes)));
    if (sent == bytes) continue;
    *left += bytes - std::max(sent, 0);
    return false;
  }
  return true;
}

void PoolConnections::Abandon(int64_t id) {
  if (Find(id) != nullptr) Remove(id);
}

PoolConnection* PoolConnections::Find(int64_t id) {
  const auto found = live_.find(id);
  return found == live_.end() ? nullptr : &found->second;
}

int64_t PoolConnections::FindByKey(uint64_t key) const {
  const auto found = ids_.find(key);
  return found == ids_.end() ? -1 : found->second;
}

void PoolConnections::Remove(int64_t id) {
  const PoolConnection flow = live_[id];
  ids_.erase(flow.key);
  live_.erase(id);
  Leave(flow.client);
  if (flow.server != nullptr) Leave(flow.server);
}

}  // namespace airlock
