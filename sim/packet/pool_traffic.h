#pragma once

#include <ns3/event-id.h>
#include <ns3/ipv4-header.h>
#include <ns3/packet.h>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "sim/collector/collector.h"
#include "sim/packet/datacentre.h"
#include "sim/packet/pool_connections.h"
#include "sim/surrogate/pool_assignment.h"
#include "sim/surrogate/pool_changes.h"
#include "sim/surrogate/pool_monitor.h"
#include "sim/surrogate/pool_workload.h"
#include "sim/surrogate/processor_sharing.h"

namespace airlock {

// `datacentre.balancer` packet by packet: clients open a TCP connection for
// each request to a virtual address, the balancer behind it gives each
// connection to a server at its SYN (a hash of the connection is the ticket of
// a weighted hash) and keeps it there; servers share their cores among requests
// that have arrived whole, and answer the client directly (virtual_service.h).
// What a collector on the balancer's link sees is observed. Requests, servers,
// assignment and metrics are those of the surrogate engine, without its model
// of the network. Flows of a failed server are lost at once; the balancer
// forgets them when its health check finds the server down.
class PoolTraffic : public TrafficPart {
 public:
  PoolTraffic(const BalancerConfig& balancer, DataSize tcp_buffer);

  void Install(DatacentreNetwork& network) override;
  void Start(const RngTree& rng, Replication replication) override;
  void Declare(std::vector<Column>* columns) const override;
  void Sample(Reader reader, SimTime interval,
              std::vector<double>* values) override;
  std::vector<std::string> Settings() const override;
  std::function<void()> Prepare(Action* action) override;
  std::vector<std::string> WarmupColumns() const override;
  void AddMetrics(const SeriesRecorder& series, SimTime warmup,
                  std::vector<Metric>* metrics) const override;

 private:
  struct Server {
    ProcessorSharing cores;
    int64_t host;
    bool failed = false;  // in truth
    ns3::EventId next_end;
  };
  struct Request {
    double work = 0;
    std::optional<size_t> server;  // once it is assigned
  };
  struct Route {  // of the balancer's table
    size_t server = 0;
    bool open = false;  // from the SYN to the client's FIN or RST
  };

  double NowSeconds() const { return Seconds(network_->Now()); }
  void InstallService();
  void TapBalancer();
  void ScheduleRequest();
  void Begin(const PoolRequest& request);
  // The server's address for a packet of a client; nothing drops it.
  std::optional<ns3::Ipv4Address> Balance(const ns3::Packet& packet,
                                          const ns3::Ipv4Header& header);
  // A new connection; false if no server can take it.
  bool Assign(const TcpSegment& segment, uint64_t key);
  void CloseRoute(uint64_t key);
  void OnFrame(ns3::Ptr<const ns3::Packet> frame);
  void OnAsked(int64_t id);
  void OnAnswered(int64_t id);
  void OnFailed(int64_t id);
  // Ends what has ended by now and plans the next end.
  void Serve(size_t server);
  void Make(const PoolChange& change);
  // The connection is lost, with all of its packets from here on.
  void Lose(int64_t id);

  const BalancerConfig balancer_;
  const std::optional<Trace> trace_;
  const std::vector<int64_t> server_hosts_;
  PoolMonitor monitor_;
  PoolAssignment assignment_;
  PoolConnections connections_;
  DatacentreNetwork* network_ = nullptr;
  std::vector<Server> servers_;
  std::vector<int64_t> server_of_host_;  // -1: none
  std::optional<PoolWorkload> workload_;
  std::optional<Collector> collector_;
  std::array<CollectorReader, kReaders> readers_;
  uint64_t salt_ = 0;
  size_t next_client_ = 0;
  std::map<int64_t, Request> requests_;  // of live connections, by id
  // Neither is ever walked. Keys are reused, so both stay as small as the ports
  // of the clients.
  std::unordered_map<uint64_t, Route> routes_;
  std::unordered_set<uint64_t> lost_;
};

}  // namespace airlock
