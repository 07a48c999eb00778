#include "sim/packet/pool_traffic.h"

#include <ns3/point-to-point-net-device.h>
#include <ns3/simulator.h>

#include <cmath>

#include "sim/base/error.h"
#include "sim/packet/flow_hash.h"
#include "sim/packet/ns3_time.h"
#include "sim/packet/virtual_service.h"
#include "sim/scenario/balancer_checks.h"
#include "sim/surrogate/pool_settings.h"

namespace airlock {
namespace {

constexpr uint8_t kTcp = 6;
// Link, IP and TCP headers at their largest.
constexpr uint32_t kHeaders = 2 + 60 + 60;

// Packets are here what the surrogate's model stands for.
BalancerConfig WithoutModel(BalancerConfig balancer) {
  balancer.model = PoolModelConfig{SimTime(0), SimTime(0)};
  return balancer;
}

CollectorConfig CollectorOf(const BalancerConfig& balancer) {
  CollectorConfig config;
  for (const PoolServer& server : balancer.servers) {
    config.servers.push_back(server.name);
  }
  config.slots = static_cast<size_t>(balancer.reservoir.slots);
  config.keep = balancer.reservoir.keep.value();
  config.decay = balancer.reservoir.decay;
  return config;
}

// Uniform on [0, 1), from the connection alone.
double TicketOf(const TcpSegment& segment, uint64_t salt) {
  const FlowKey key = {segment.source, segment.destination, segment.source_port,
                       segment.destination_port, kTcp};
  return static_cast<double>(FlowHash(key, salt) >> 11) * 0x1p-53;
}

// The TCP header of an IP packet, whose addresses `header` has.
TcpSegment SegmentOf(const ns3::Packet& packet, const ns3::Ipv4Header& header) {
  uint8_t bytes[14] = {};
  packet.CopyData(bytes, sizeof(bytes));
  TcpSegment segment;
  segment.source = header.GetSource().Get();
  segment.destination = header.GetDestination().Get();
  segment.source_port = static_cast<uint16_t>(bytes[0] << 8 | bytes[1]);
  segment.destination_port = static_cast<uint16_t>(bytes[2] << 8 | bytes[3]);
  segment.flags = bytes[13];
  return segment;
}

}  // namespace

std::unique_ptr<TrafficPart> CreatePoolTraffic(const DatacentreConfig& config) {
  return std::make_unique<PoolTraffic>(*config.balancer,
                                       config.transport.buffer);
}

PoolTraffic::PoolTraffic(const BalancerConfig& balancer, DataSize tcp_buffer)
    : balancer_(WithoutModel(balancer)),
      trace_(ReadPoolTrace(balancer.load)),
      server_hosts_(PoolHosts(balancer)),
      monitor_(balancer),
      assignment_(balancer),
      // A lost flow's port is another's now, whose SYN is to pass.
      connections_(tcp_buffer, {[this](uint64_t key) { lost_.erase(key); },
                                [this](int64_t id) { OnAsked(id); },
                                [this](int64_t id) { OnAnswered(id); },
                                [this](int64_t id) { OnFailed(id); }}) {
  for (size_t s = 0; s < balancer.servers.size(); ++s) {
    const PoolServer& server = balancer.servers[s];
    servers_.push_back({ProcessorSharing(server.cores, server.speed),
                        server_hosts_[s], false, ns3::EventId()});
  }
}

void PoolTraffic::Install(DatacentreNetwork& network) {
  network_ = &network;
  server_of_host_.assign(static_cast<size_t>(network.hosts()), -1);
  for (size_t s = 0; s < servers_.size(); ++s) {
    server_of_host_[static_cast<size_t>(servers_[s].host)] =
        static_cast<int64_t>(s);
  }
  connections_.Install(network, balancer_.balancer_host, balancer_.client_hosts,
                       server_hosts_);
  InstallService();
  TapBalancer();
}

void PoolTraffic::InstallService() {
  const auto service = network_->address(balancer_.balancer_host);
  VirtualService::Install(
      network_->host(balancer_.balancer_host),
      [this](const ns3::Packet& packet, const ns3::Ipv4Header& header) {
        return Balance(packet, header);
      });
  const auto passes = [this](ns3::Ipv4Address client, uint16_t port) {
    return lost_.empty() || lost_.count(ConnectionKey(client.Get(), port)) == 0;
  };
  for (const int64_t host : balancer_.client_hosts) {
    DirectReturn::Install(network_->host(host), service, true, passes);
  }
  for (const Server& server : servers_) {
    DirectReturn::Install(
        network_->host(server.host), service, false,
        [passes, &server](ns3::Ipv4Address client, uint16_t port) {
          return !server.failed && passes(client, port);
        });
  }
}

// What is on the balancer's link, in the order in which a capture has it.
void PoolTraffic::TapBalancer() {
  const auto node = network_->host(balancer_.balancer_host);
  for (uint32_t i = 0; i < node->GetNDevices(); ++i) {
    auto device =
        ns3::DynamicCast<ns3::PointToPointNetDevice>(node->GetDevice(i));
    if (device == nullptr) continue;
    const bool connected = device->TraceConnectWithoutContext(
        "PromiscSniffer", ns3::MakeCallback(&PoolTraffic::OnFrame, this));
    AIRLOCK_CHECK(connected, "no sniffer");
  }
}

void PoolTraffic::Start(const RngTree& rng, Replication replication) {
  RngStream ports = rng.Stream("pool/ports", replication);
  connections_.DrawPorts(&ports);
  // The hash's salt is the deployment's: the same in every replication.
  salt_ = rng.Stream("pool/hash", Replication(0)).Next64();
  collector_.emplace(CollectorOf(balancer_),
                     rng.Stream("pool/collector", replication));
  workload_.emplace(balancer_, trace_ ? &*trace_ : nullptr, rng, replication);
  for (const PoolChange& change : PlanPoolChanges(balancer_)) {
    ns3::Simulator::Schedule(ToNs3(FromSeconds(change.at)),
                             [this, change] { Make(change); });
  }
  ScheduleRequest();
}

void PoolTraffic::ScheduleRequest() {
  const PoolRequest request = workload_->Next();
  if (!std::isfinite(request.at)) return;
  const SimTime at = std::max(FromSeconds(request.at), network_->Now());
  ns3::Simulator::Schedule(ToNs3(at - network_->Now()), [this, request] {
    Begin(request);
    ScheduleRequest();
  });
}

void PoolTraffic::Begin(const PoolRequest& request) {
  const RequestClass& kind = balancer_.requests[request.kind];
  const size_t client = next_client_;
  next_client_ = (client + 1) % balancer_.client_hosts.size();
  const int64_t id =
      connections_.Open(client, kind.request_size, kind.response_size);
  requests_[id].work = request.work;
}

std::optional<ns3::Ipv4Address> PoolTraffic::Balance(
    const ns3::Packet& packet, const ns3::Ipv4Header& header) {
  const TcpSegment segment = SegmentOf(packet, header);
  const uint64_t key = ConnectionKey(segment.source, segment.source_port);
  if (lost_.count(key) > 0) return std::nullopt;
  if (segment.Has(TcpSegment::kSyn) && !routes_[key].open &&
      !Assign(segment, key)) {
    return std::nullopt;
  }
  const auto route = routes_.find(key);
  if (route == routes_.end()) return std::nullopt;
  const size_t server = route->second.server;
  if (segment.Has(TcpSegment::kFin) || segment.Has(TcpSegment::kReset)) {
    CloseRoute(key);
  }
  return network_->address(servers_[server].host);
}

bool PoolTraffic::Assign(const TcpSegment& segment, uint64_t key) {
  const int64_t id = connections_.FindByKey(key);
  if (id < 0) return false;
  const auto server = assignment_.Begin(TicketOf(segment, salt_));
  monitor_.Begin(server);
  if (server) {
    routes_[key] = {*server, true};
    requests_[id].server = server;
  }
  // The balancer does not know that a server failed, and sends the SYN on.
  if (!server || servers_[*server].failed) Lose(id);
  return server.has_value();
}

void PoolTraffic::CloseRoute(uint64_t key) {
  const auto route = routes_.find(key);
  if (route == routes_.end() || !route->second.open) return;
  route->second.open = false;
  assignment_.End(route->second.server);
}

void PoolTraffic::OnFrame(ns3::Ptr<const ns3::Packet> frame) {
  if (!collector_) return;
  uint8_t bytes[kHeaders];
  const uint32_t captured = frame->CopyData(bytes, sizeof(bytes));
  TcpSegment segment;
  if (ParseFrame(LinkType::kPpp, bytes, captured, &segment) !=
      FrameKind::kTcp) {
    return;
  }
  const uint32_t host = segment.destination - network_->address(0).Get();
  if (host >= server_of_host_.size() || server_of_host_[host] < 0) return;
  collector_->Add(network_->Now(), static_cast<size_t>(server_of_host_[host]),
                  segment);
}

void PoolTraffic::OnAsked(int64_t id) {
  const Request& request = requests_.at(id);
  AIRLOCK_CHECK(request.server.has_value(), "flow {} was not assigned", id);
  const size_t server = *request.server;
  Serve(server);
  servers_[server].cores.Join(NowSeconds(), request.work, id);
  Serve(server);
}

void PoolTraffic::Serve(size_t server) {
  ProcessorSharing& cores = servers_[server].cores;
  while (cores.NextEnd() <= NowSeconds()) {
    connections_.Answer(cores.End().id);
  }
  servers_[server].next_end.Cancel();
  if (!std::isfinite(cores.NextEnd())) return;
  // Not before the end, so that it has come then.
  const double ns = std::ceil((cores.NextEnd() - NowSeconds()) * 1e9);
  servers_[server].next_end = ns3::Simulator::Schedule(
      ns3::NanoSeconds(std::max<int64_t>(1, static_cast<int64_t>(ns))),
      [this, server] { Serve(server); });
}

void PoolTraffic::OnAnswered(int64_t id) {
  const SimTime start = connections_.live().at(id).start;
  monitor_.Complete(Seconds(network_->Now() - start));
  requests_.erase(id);
}

void PoolTraffic::OnFailed(int64_t id) {
  if (!requests_.at(id).server) monitor_.Begin(std::nullopt);
  monitor_.Fail();
  CloseRoute(connections_.live().at(id).key);
  requests_.erase(id);
}

void PoolTraffic::Lose(int64_t id) {
  const uint64_t key = connections_.live().at(id).key;
  monitor_.Fail();
  lost_.insert(key);
  CloseRoute(key);
  requests_.erase(id);
  connections_.Abandon(id);
}

void PoolTraffic::Make(const PoolChange& change) {
  if (change.kind == PoolChange::Kind::kHealth) {
    assignment_.SetUp(change.server, change.up);
    if (!change.up) collector_->Forget(change.server);
    return;
  }
  Serve(change.server);
  Server& server = servers_[change.server];
  server.cores.SetPace(NowSeconds(), change.pace);
  server.failed = change.pace == 0;
  if (server.failed) {
    server.cores.Abandon(NowSeconds());
    std::vector<int64_t> lost;
    for (const auto& [id, request] : requests_) {
      if (request.server == change.server) lost.push_back(id);
    }
    for (const int64_t id : lost) Lose(id);
  }
  Serve(change.server);
}

void PoolTraffic::Declare(std::vector<Column>* columns) const {
  monitor_.Declare(columns);
  const auto more = CollectorColumns(CollectorOf(balancer_).servers);
  columns->insert(columns->end(), more.begin(), more.end());
}

void PoolTraffic::Sample(Reader reader, SimTime /*interval*/,
                         std::vector<double>* values) {
  const size_t index = static_cast<size_t>(reader);
  std::vector<PoolServerState> states;
  for (size_t s = 0; s < servers_.size(); ++s) {
    states.push_back({servers_[s].cores.BusyCoreSeconds(NowSeconds()),
                      assignment_.weight(s), assignment_.up(s)});
  }
  monitor_.Sample(index, NowSeconds(), workload_->ShareAt(NowSeconds()), states,
                  values);
  collector_->Expire(network_->Now());
  readers_[index].Read(*collector_, network_->Now(), values);
}

std::vector<std::string> PoolTraffic::Settings() const {
  std::vector<std::string> names;
  for (const PoolServer& server : balancer_.servers) {
    names.push_back(WeightSetting(server.name));
  }
  return names;
}

std::function<void()> PoolTraffic::Prepare(Action* action) {
  Action own;
  for (const std::string& name : Settings()) {
    const auto found = action->settings.find(name);
    if (found == action->settings.end()) continue;
    own.settings.insert(*found);
    action->settings.erase(found);
  }
  if (own.settings.empty()) return {};
  std::vector<double> weights;
  for (size_t s = 0; s < servers_.size(); ++s) {
    weights.push_back(assignment_.weight(s));
  }
  weights = WithWeights(balancer_, own, std::move(weights));
  return [this, weights] {
    for (size_t s = 0; s < weights.size(); ++s) {
      assignment_.SetWeight(s, weights[s]);
    }
  };
}

std::vector<std::string> PoolTraffic::WarmupColumns() const {
  return monitor_.WarmupColumns();
}

void PoolTraffic::AddMetrics(const SeriesRecorder& /*series*/, SimTime warmup,
                             std::vector<Metric>* metrics) const {
  monitor_.AddMetrics(Seconds(warmup), metrics);
}

}  // namespace airlock
