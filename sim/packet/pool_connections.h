#pragma once

#include <ns3/address.h>
#include <ns3/socket.h>

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "sim/packet/datacentre.h"

namespace airlock {

// One request and its response over a TCP connection of its own: the client
// connects to the service and sends the request; the server answers and closes;
// the client closes when it has it all.
struct PoolConnection {
  uint64_t key = 0;  // ConnectionKey()
  int64_t client_host = 0;
  int64_t request = 0;        // bytes
  int64_t response = 0;       // bytes
  SimTime start;              // of the connection
  int64_t request_left = 0;   // to give to the client's TCP
  int64_t asked = 0;          // bytes that the server has
  int64_t response_left = 0;  // to give to the server's TCP, once it answers
  int64_t answered = 0;       // bytes that the client has
  ns3::Ptr<ns3::Socket> client;
  ns3::Ptr<ns3::Socket> server;  // from its SYN on
};

// How a balancer and the collector know a connection: the client's address and
// port.
inline uint64_t ConnectionKey(uint32_t address, uint16_t port) {
  return static_cast<uint64_t>(address) << 16 | port;
}

// The two TCP ends of every connection. A connection lives from Open() to its
// last byte, to Abandon(), or to its failure; its id is not used again.
class PoolConnections {
 public:
  struct Events {
    std::function<void(uint64_t key)> opens;   // its SYN is sent next
    std::function<void(int64_t id)> asked;     // the server has the request
    std::function<void(int64_t id)> answered;  // the client has the response
    std::function<void(int64_t id)> failed;    // the client could not connect
  };

  explicit PoolConnections(DataSize buffer, Events events);

  // Makes the servers listen; clients connect to `service`.
  void Install(DatacentreNetwork& network, int64_t service,
               const std::vector<int64_t>& clients,
               const std::vector<int64_t>& servers);
  // Source ports are taken in turn from a random first one; once, before any
  // Open().
  void DrawPorts(RngStream* stream);
  // `client`: position among the clients. Returns the id.
  int64_t Open(size_t client, DataSize request, DataSize response);
  // The server sends the response.
  void Answer(int64_t id);
  // Both ends give up without a word; the caller keeps their last packets from
  // the network.
  void Abandon(int64_t id);

  // Those that live, by id.
  const std::map<int64_t, PoolConnection>& live() const { return live_; }
  // -1 if there is none.
  int64_t FindByKey(uint64_t key) const;

 private:
  PoolConnection* Find(int64_t id);
  void Remove(int64_t id);
  uint16_t BindNextPort(size_t client, ns3::Ptr<ns3::Socket> socket);
  void OnAccept(ns3::Ptr<ns3::Socket> socket, const ns3::Address& from);
  void OnRequest(int64_t id, ns3::Ptr<ns3::Socket> socket);
  void OnResponse(int64_t id, ns3::Ptr<ns3::Socket> socket);
  void OnFailed(int64_t id, ns3::Ptr<ns3::Socket> socket);
  void FillRequest(int64_t id);
  void FillResponse(int64_t id);
  // Gives what it can of `*left` to the socket; true when all is given.
  bool Fill(ns3::Ptr<ns3::Socket> socket, int64_t* left) const;

  int64_t chunk_;  // bytes given to TCP at a time, where there are as many
  Events events_;
  DatacentreNetwork* network_ = nullptr;
  int64_t service_ = 0;
  std::vector<int64_t> clients_;
  std::vector<uint16_t> next_port_;  // by client
  std::map<int64_t, PoolConnection> live_;
  std::map<uint64_t, int64_t> ids_;  // by key
  int64_t next_id_ = 0;
};

}  // namespace airlock
