#include "sim/packet/datacentre_network.h"

#include <ns3/channel.h>
#include <ns3/data-rate.h>
#include <ns3/internet-stack-helper.h>
#include <ns3/ipv4-routing-helper.h>
#include <ns3/point-to-point-helper.h>
#include <ns3/point-to-point-net-device.h>
#include <ns3/pointer.h>
#include <ns3/red-queue-disc.h>
#include <ns3/simulator.h>
#include <ns3/string.h>
#include <ns3/traffic-control-layer.h>
#include <ns3/uinteger.h>

#include <algorithm>

#include "sim/base/error.h"
#include "sim/packet/fabric_routing.h"
#include "sim/packet/named_table.h"
#include "sim/packet/ns3_time.h"
#include "sim/packet/tcp_defaults.h"
#include "sim/topology/forwarding.h"
#include "sim/topology/paths.h"

namespace airlock {
namespace {

constexpr uint32_t kFirstAddress = 0x0a000001;  // 10.0.0.1
constexpr int64_t kIpTcpHeaders = 52;           // with the timestamp option
constexpr int64_t kPppHeader = 2;
constexpr int64_t kSynBytes = 56;  // with window scale, SACK and timestamp
constexpr int64_t kAckBytes = kIpTcpHeaders;

// Gives every node a FabricRouting.
class FabricRoutingHelper : public ns3::Ipv4RoutingHelper {
 public:
  FabricRoutingHelper* Copy() const override {
    return new FabricRoutingHelper(*this);
  }
  ns3::Ptr<ns3::Ipv4RoutingProtocol> Create(
      ns3::Ptr<ns3::Node> /*node*/) const override {
    return ns3::CreateObject<FabricRouting>();
  }
};

ns3::Ptr<FabricRouting> RoutingOf(ns3::Ptr<ns3::Node> node) {
  auto ipv4 = node->GetObject<ns3::Ipv4>();
  return ns3::DynamicCast<FabricRouting>(ipv4->GetRoutingProtocol());
}

}  // namespace

const std::vector<RoutingKind>& RoutingKinds() {
  static const std::vector<RoutingKind> kTable = {
      {"flow-hash", true, false,
       "a flow takes the path that its 5-tuple hashes to"},
      {"wcmp", true, true, "the same, in proportion to the paths' capacity"},
      {"single-path", false, false, "all flows take the first shortest path"},
  };
  return kTable;
}

Ns3Datacentre::Ns3Datacentre(const DatacentreConfig& config, uint64_t seed)
    : topology_(BuildTopology(config.topology)),
      failures_(config.topology.failures),
      convergence_(config.routing.convergence),
      framing_(
          FindByName(Framings(), "topology.framing", config.topology.framing)),
      routing_(FindByName(RoutingKinds(), "routing.kind", config.routing.kind)),
      weights_(topology_),
      state_(StateAt(topology_, {}, SimTime())),
      routed_(state_) {
  if (!IsConnected(topology_)) {
    throw InputError("topology: not every host reaches every other");
  }
  for (const PathWeight& weight : config.routing.weights) {
    const std::string problem =
        weights_.Set(weight.at, weight.towards, weight.weight);
    if (!problem.empty()) throw InputError("routing.weights: " + problem);
  }
  const bool marks =
      std::any_of(topology_.links.begin(), topology_.links.end(),
                  [](const TopologyLink& link) {
                    return MarksEcn(link.queue_a) || MarksEcn(link.queue_b);
                  });
  SetTcpDefaults(config.transport, marks);
  CreateNodes(config.routing.salt, seed);
  for (const TopologyLink& link : topology_.links) {
    CreateLink(link, config.transport.segment);
  }
  AddGates();
  FillTables();
}

void Ns3Datacentre::CreateNodes(int64_t deployment_salt, uint64_t seed) {
  ns3::InternetStackHelper stack;
  stack.SetIpv6StackInstall(false);
  stack.SetRoutingHelper(FabricRoutingHelper());
  const RngTree rng(seed);
  for (size_t i = 0; i < topology_.nodes.size(); ++i) {
    const TopologyNode& node = topology_.nodes[i];
    nodes_.push_back(ns3::CreateObject<ns3::Node>());
    stack.Install(nodes_.back());
    // The salts are the deployment's: the same in every replication.
    RngStream salt =
        rng.Stream(fmt::format("routing/{}/{}", deployment_salt, node.name),
                   Replication(0));
    const bool is_host = node.kind == NodeKind::kHost;
    RoutingOf(nodes_.back())
        ->Configure(ns3::Ipv4Address(kFirstAddress),
                    is_host ? static_cast<int64_t>(i) : -1, salt.Next64(),
                    routing_.multipath);
  }
}

void Ns3Datacentre::CreateLink(const TopologyLink& link, DataSize segment) {
  constexpr int64_t kEthernetMtu = 1500;
  const int64_t mtu = std::max(kEthernetMtu, segment.value() + kIpTcpHeaders);
  ns3::PointToPointHelper helper;
  helper.SetDeviceAttribute("Mtu",
                            ns3::UintegerValue(static_cast<uint64_t>(mtu)));
  const ns3::NetDeviceContainer devices =
      helper.Install(nodes_[static_cast<size_t>(link.a.value())],
                     nodes_[static_cast<size_t>(link.b.value())]);
  SetRate(link, devices.Get(0), devices.Get(1), link.rate);
  AddPort(link.a, link.b, link.rate, link.queue_a, devices.Get(0));
  AddPort(link.b, link.a, link.rate, link.queue_b, devices.Get(1));
  interfaces_.emplace_back(AddInterface(link.a, devices.Get(0)),
                           AddInterface(link.b, devices.Get(1)));
}

void Ns3Datacentre::SetRate(const TopologyLink& link,
                            ns3::Ptr<ns3::NetDevice> a,
                            ns3::Ptr<ns3::NetDevice> b, Bandwidth rate) const {
  // The device waits for the gap between frames; what else a frame has beside
  // ns-3's bytes delays its arrival too.
  const SimTime all =
      TransmissionTime(DataSize(framing_.ahead + framing_.behind), rate);
  for (const auto& device : {a, b}) {
    device->SetAttribute(
        "DataRate",
        ns3::DataRateValue(ns3::DataRate(static_cast<uint64_t>(rate.value()))));
    device->SetAttribute("InterframeGap", ns3::TimeValue(ToNs3(all)));
  }
  const SimTime ahead = TransmissionTime(DataSize(framing_.ahead), rate);
  a->GetChannel()->SetAttribute("Delay",
                                ns3::TimeValue(ToNs3(link.delay + ahead)));
}

void Ns3Datacentre::AddPort(NodeId at, NodeId towards, Bandwidth rate,
                            const QueueConfig& queue,
                            ns3::Ptr<ns3::NetDevice> device) {
  Port port;
  port.name = topology_.node(at).name + "-" + topology_.node(towards).name;
  port.on_switch = topology_.node(at).kind != NodeKind::kHost;
  port.rate = rate;
  port.frame_overhead = framing_.ahead + framing_.behind;
  port.queue = queue;
  port.device = device;
  port.device_queue =
      ns3::DynamicCast<ns3::PointToPointNetDevice>(device)->GetQueue();
  port.device_queue->SetMaxSize(ns3::QueueSize(
      ns3::QueueSizeUnit::PACKETS, static_cast<uint32_t>(queue.device_limit)));
  port.discipline = FindByName(QueueDisciplines(), "topology.queue.discipline",
                               queue.discipline)
                        .create(queue);
  // Set before any address, or ns-3 would put FqCoDel here. Hosts queue like
  // switches: ns-3's TCP has no limit of its own on what waits in the host.
  device->GetNode()
      ->GetObject<ns3::TrafficControlLayer>()
      ->SetRootQueueDiscOnDevice(device, port.discipline);
  ports_.push_back(port);
}

uint32_t Ns3Datacentre::AddInterface(NodeId id,
                                     ns3::Ptr<ns3::NetDevice> device) {
  auto ipv4 = nodes_[static_cast<size_t>(id.value())]->GetObject<ns3::Ipv4>();
  const uint32_t interface = ipv4->AddInterface(device);
  if (topology_.node(id).kind == NodeKind::kHost) {
    ipv4->AddAddress(interface,
                     ns3::Ipv4InterfaceAddress(address(id.value()),
                                               ns3::Ipv4Mask("255.0.0.0")));
  }
  ipv4->SetMetric(interface, 1);
  ipv4->SetUp(interface);
  return interface;
}

void Ns3Datacentre::AddGates() {
  for (const FailureConfig& failure : failures_) {
    if (failure.rate) continue;
    for (LinkId id : LinksOf(topology_, failure.element)) {
      const size_t first = 2 * static_cast<size_t>(id.value());
      if (ports_[first].gate != nullptr) continue;
      for (size_t end : {size_t{0}, size_t{1}}) {
        auto gate = ns3::CreateObject<LinkGate>();
        ports_[first + end].gate = gate;
        ports_[first + 1 - end].device->SetAttribute("ReceiveErrorModel",
                                                     ns3::PointerValue(gate));
      }
    }
  }
}

void Ns3Datacentre::StartFailures() {
  for (SimTime time : ChangesOf(failures_)) {
    const FabricState state = StateAt(topology_, failures_, time);
    // What is broken from the start, routing has known for long.
    const SimTime known = time == SimTime() ? time : time + convergence_;
    At(time, [this, state] { Become(state); });
    At(known, [this, state] {
      routed_ = state;
      FillTables();
    });
  }
}

void Ns3Datacentre::At(SimTime time, std::function<void()> change) {
  if (time <= Now()) {
    change();
  } else {
    ns3::Simulator::Schedule(ToNs3(time - Now()), std::move(change));
  }
}

void Ns3Datacentre::Become(const FabricState& state) {
  for (size_t i = 0; i < topology_.links.size(); ++i) {
    const Port& a = ports_[2 * i];
    const Port& b = ports_[2 * i + 1];
    if (a.gate != nullptr) a.gate->SetUp(state.up[i]);
    if (b.gate != nullptr) b.gate->SetUp(state.up[i]);
    if (state.rate[i] == state_.rate[i]) continue;
    SetRate(topology_.links[i], a.device, b.device, state.rate[i]);
  }
  state_ = state;
}

void Ns3Datacentre::SetWeights(PathWeights weights) {
  weights_ = std::move(weights);
  FillTables();
}

int64_t Ns3Datacentre::unrouted() const {
  int64_t packets = 0;
  for (const auto& node : nodes_) packets += RoutingOf(node)->unrouted();
  return packets;
}

void Ns3Datacentre::FillTables() {
  std::vector<ForwardingTable> tables =
      ForwardingTables(topology_, routed_, weights_, routing_.by_capacity);
  for (size_t node = 0; node < nodes_.size(); ++node) {
    const NodeId at(static_cast<int64_t>(node));
    std::vector<FabricRouting::Choice> choices;
    for (const std::vector<NextHop>& set : tables[node].sets) {
      FabricRouting::Choice& choice = choices.emplace_back();
      for (const NextHop& hop : set) {
        const auto& ends = interfaces_[static_cast<size_t>(hop.link.value())];
        const bool at_a = topology_.link(hop.link).a == at;
        choice.interfaces.push_back(at_a ? ends.first : ends.second);
        choice.weights.push_back(hop.weight);
      }
    }
    RoutingOf(nodes_[node])
        ->SetTable(std::move(tables[node].set_of_host), std::move(choices));
  }
}

ns3::Ptr<ns3::Node> Ns3Datacentre::host(int64_t index) const {
  AIRLOCK_CHECK(index >= 0 && index < hosts(), "host {}", index);
  return nodes_[static_cast<size_t>(index)];
}

ns3::Ipv4Address Ns3Datacentre::address(int64_t index) const {
  return ns3::Ipv4Address(kFirstAddress + static_cast<uint32_t>(index));
}

Bandwidth Ns3Datacentre::link_rate(int64_t index) const {
  return topology_.link(topology_.LinkOf(index)).rate;
}

int64_t Ns3Datacentre::leaf(int64_t index) const {
  return topology_.AttachedTo(index).value();
}

SimTime Ns3Datacentre::IdealFlowTime(int64_t from, int64_t to, DataSize payload,
                                     DataSize segment) const {
  std::vector<LinkId>& path = paths_[{from, to}];
  if (path.empty()) {
    path = FirstShortestPath(topology_, NodeId(from), NodeId(to));
  }
  std::vector<SimTime> ahead;
  std::vector<SimTime> gap;
  for (LinkId id : path) {
    const Bandwidth rate = topology_.link(id).rate;
    ahead.push_back(TransmissionTime(DataSize(framing_.ahead), rate));
    gap.push_back(
        TransmissionTime(DataSize(framing_.ahead + framing_.behind), rate));
  }
  // When link i is free again, for packets sent one behind the other.
  std::vector<SimTime> free(path.size());
  // The arrival of `bytes` of IP that leave the first host at `time`.
  const auto send = [&](SimTime time, int64_t bytes) {
    for (size_t i = 0; i < path.size(); ++i) {
      const TopologyLink& link = topology_.link(path[i]);
      time = std::max(time, free[i]) +
             TransmissionTime(DataSize(bytes + kPppHeader), link.rate);
      free[i] = time + gap[i];
      time = time + link.delay + ahead[i];
    }
    return time;
  };
  const SimTime syn = send(SimTime(), kSynBytes);
  free.assign(path.size(), SimTime());
  const SimTime begin = syn + send(SimTime(), kSynBytes);
  free.assign(path.size(), SimTime());
  send(begin, kAckBytes);
  SimTime end = begin;
  for (int64_t left = payload.value(); left > 0; left -= segment.value()) {
    end = send(begin, std::min(left, segment.value()) + kIpTcpHeaders);
  }
  return end;
}

SimTime Ns3Datacentre::Now() const {
  return FromNs3(ns3::Simulator::Now()) - origin_;
}

void Ns3Datacentre::SetOrigin() { origin_ = FromNs3(ns3::Simulator::Now()); }

void Ns3Datacentre::AssignStreams(int64_t stream) {
  ns3::NodeContainer nodes;
  for (const auto& node : nodes_) nodes.Add(node);
  stream += ns3::InternetStackHelper().AssignStreams(nodes, stream);
  for (const Port& port : ports_) {
    auto red = ns3::DynamicCast<ns3::RedQueueDisc>(port.discipline);
    if (red != nullptr) stream += red->AssignStreams(stream);
  }
}

}  // namespace airlock
