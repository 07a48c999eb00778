#include "sim/packet/datacentre_network.h"

#include <ns3/config.h>
#include <ns3/data-rate.h>
#include <ns3/double.h>
#include <ns3/fifo-queue-disc.h>
#include <ns3/internet-stack-helper.h>
#include <ns3/ipv4-routing-helper.h>
#include <ns3/point-to-point-helper.h>
#include <ns3/point-to-point-net-device.h>
#include <ns3/red-queue-disc.h>
#include <ns3/simulator.h>
#include <ns3/string.h>
#include <ns3/tcp-socket-base.h>
#include <ns3/traffic-control-layer.h>
#include <ns3/uinteger.h>

#include <algorithm>

#include "sim/base/error.h"
#include "sim/packet/fabric_routing.h"
#include "sim/packet/ns3_time.h"
#include "sim/topology/paths.h"

namespace airlock {
namespace {

constexpr uint32_t kFirstAddress = 0x0a000001;  // 10.0.0.1
constexpr int64_t kIpTcpHeaders = 52;           // with the timestamp option
constexpr int64_t kPppHeader = 2;
constexpr int64_t kSynBytes = 56;  // with window scale, SACK and timestamp
constexpr int64_t kAckBytes = kIpTcpHeaders;

// The entry of `table` named `name`; throws InputError with the known names.
template <typename Entry>
const Entry& FindByName(const std::vector<Entry>& table, const char* key,
                        const std::string& name) {
  std::string known;
  for (const Entry& entry : table) {
    if (name == entry.name) return entry;
    known += std::string(known.empty() ? "" : ", ") + entry.name;
  }
  throw InputError(
      fmt::format("{}: '{}' is not known; known: {}", key, name, known));
}

ns3::QueueSize DisciplineLimit(const QueueConfig& config) {
  // One more packet waits in the device.
  const int64_t packets = std::max<int64_t>(config.limit - 1, 1);
  return ns3::QueueSize(ns3::QueueSizeUnit::PACKETS,
                        static_cast<uint32_t>(packets));
}

// RED's threshold for K packets in all, of which the device holds one. A packet
// that cannot carry a mark is dropped where it would be marked.
double RedThreshold(int64_t packets) {
  return static_cast<double>(std::max<int64_t>(packets - 1, 1));
}

// RED whose threshold can change. ns-3's SetTh() leaves the slope above it,
// which Gentle follows, as it was.
class ThresholdRed : public ns3::RedQueueDisc {
 public:
  void SetThreshold(double packets) {
    SetTh(packets, packets);
    DoInitialize();  // what is computed from the threshold; no packet moves
  }
};

// RED as ns-3's own DCTCP examples set it: the instantaneous length decides
// (QW = 1), and the threshold is both minimum and maximum. Gentle (Floyd,
// "Recommendation on using the gentle variant of RED", 2000): the share of
// marks grows from 2 % at the threshold to 1 at twice that.
ns3::Ptr<ns3::QueueDisc> CreateRedEcn(const QueueConfig& config) {
  const double threshold = RedThreshold(config.ecn_threshold);
  auto red = ns3::CreateObject<ThresholdRed>();
  red->SetAttribute("UseEcn", ns3::BooleanValue(true));
  red->SetAttribute("UseHardDrop", ns3::BooleanValue(false));
  red->SetAttribute("QW", ns3::DoubleValue(1));
  red->SetAttribute("MinTh", ns3::DoubleValue(threshold));
  red->SetAttribute("MaxTh", ns3::DoubleValue(threshold));
  red->SetAttribute("MeanPktSize", ns3::UintegerValue(1500));
  red->SetAttribute("MaxSize", ns3::QueueSizeValue(DisciplineLimit(config)));
  return red;
}

// The step of Alizadeh et al., "Data center TCP (DCTCP)", SIGCOMM'10, section
// 3.1: at the threshold every packet is marked.
ns3::Ptr<ns3::QueueDisc> CreateStepEcn(const QueueConfig& config) {
  ns3::Ptr<ns3::QueueDisc> red = CreateRedEcn(config);
  red->SetAttribute("Gentle", ns3::BooleanValue(false));
  return red;
}

ns3::Ptr<ns3::QueueDisc> CreateDropTail(const QueueConfig& config) {
  auto fifo = ns3::CreateObject<ns3::FifoQueueDisc>();
  fifo->SetAttribute("MaxSize", ns3::QueueSizeValue(DisciplineLimit(config)));
  return fifo;
}

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

// TCP's defaults of ns-3 (segments of 536 B, 128 KiB buffers, 1 s timers) are
// those of a wide-area host of the 1990s.
void SetTcpDefaults(const TransportConfig& transport, bool ecn) {
  using ns3::Config::SetDefault;
  const TransportKind& kind =
      FindByName(TransportKinds(), "transport.kind", transport.kind);
  const auto bytes = [](int64_t value) {
    return ns3::UintegerValue(static_cast<uint64_t>(value));
  };
  SetDefault("ns3::TcpL4Protocol::SocketType",
             ns3::TypeIdValue(ns3::TypeId::LookupByName(kind.ns3_type)));
  SetDefault("ns3::TcpSocket::SegmentSize", bytes(transport.segment.value()));
  SetDefault("ns3::TcpSocket::SndBufSize", bytes(transport.buffer.value()));
  SetDefault("ns3::TcpSocket::RcvBufSize", bytes(transport.buffer.value()));
  SetDefault("ns3::TcpSocket::InitialCwnd", bytes(transport.initial_window));
  SetDefault("ns3::TcpSocket::ConnTimeout",
             ns3::TimeValue(ToNs3(transport.connection_timeout)));
  SetDefault("ns3::TcpSocketBase::MinRto",
             ns3::TimeValue(ToNs3(transport.min_rto)));
  // An acknowledgement that waits longer than the sender's timer would cause a
  // time-out whenever the window is one segment.
  SetDefault("ns3::TcpSocket::DelAckTimeout",
             ns3::TimeValue(ToNs3(transport.min_rto) / int64_t{2}));
  // Ports of closed connections are free again after twice this.
  SetDefault("ns3::TcpSocketBase::MaxSegLifetime", ns3::DoubleValue(0.02));
  SetDefault("ns3::TcpSocketBase::UseEcn",
             ns3::StringValue(ecn ? "On" : "Off"));
}

}  // namespace

const std::vector<QueueDiscipline>& QueueDisciplines() {
  static const std::vector<QueueDiscipline> kTable = {
      {"red-ecn", CreateRedEcn,
       "marks ever more from ecn_threshold packets on, all from twice that"},
      {"step-ecn", CreateStepEcn,
       "marks every packet that finds ecn_threshold packets or more"},
      {"drop-tail", CreateDropTail, "drops what finds the queue full"},
  };
  return kTable;
}

const std::vector<RoutingKind>& RoutingKinds() {
  static const std::vector<RoutingKind> kTable = {
      {"flow-hash", true, "a flow takes the path that its 5-tuple hashes to"},
      {"single-path", false, "all flows take the first shortest path"},
  };
  return kTable;
}

const std::vector<TransportKind>& TransportKinds() {
  static const std::vector<TransportKind> kTable = {
      {"dctcp", "ns3::TcpDctcp", "window falls by the share of marked packets"},
      {"cubic", "ns3::TcpCubic",
       "window grows by the time since the last loss"},
      {"newreno", "ns3::TcpNewReno", "window halves at a loss"},
  };
  return kTable;
}

bool SetEcnThreshold(const Port& port, int64_t packets) {
  auto red = ns3::DynamicCast<ThresholdRed>(port.discipline);
  if (red == nullptr) return false;
  red->SetThreshold(RedThreshold(packets));
  return true;
}

Ns3Datacentre::Ns3Datacentre(const DatacentreConfig& config, uint64_t seed)
    : topology_(BuildTopology(config.topology)) {
  if (!IsConnected(topology_)) {
    throw InputError("topology: not every host reaches every other");
  }
  SetTcpDefaults(config.transport, MarksEcn(config.topology.queue));
  CreateNodes(config, seed);
  for (const TopologyLink& link : topology_.links) {
    CreateLink(link, config.transport.segment);
  }
  FillTables();
}

void Ns3Datacentre::CreateNodes(const DatacentreConfig& config, uint64_t seed) {
  const RoutingKind& routing =
      FindByName(RoutingKinds(), "routing.kind", config.routing.kind);
  ns3::InternetStackHelper stack;
  stack.SetIpv6StackInstall(false);
  stack.SetRoutingHelper(FabricRoutingHelper());
  const RngTree rng(seed);
  for (const TopologyNode& node : topology_.nodes) {
    nodes_.push_back(ns3::CreateObject<ns3::Node>());
    stack.Install(nodes_.back());
    // The salts are the deployment's: the same in every replication.
    RngStream salt =
        rng.Stream(fmt::format("routing/{}/{}", config.routing.salt, node.name),
                   Replication(0));
    RoutingOf(nodes_.back())
        ->Configure(ns3::Ipv4Address(kFirstAddress), salt.Next64(),
                    routing.multipath);
  }
}

void Ns3Datacentre::CreateLink(const TopologyLink& link, DataSize segment) {
  constexpr int64_t kEthernetMtu = 1500;
  const int64_t mtu = std::max(kEthernetMtu, segment.value() + kIpTcpHeaders);
  ns3::PointToPointHelper helper;
  helper.SetQueue("ns3::DropTailQueue<Packet>", "MaxSize",
                  ns3::StringValue("1p"));
  helper.SetDeviceAttribute(
      "DataRate", ns3::DataRateValue(
                      ns3::DataRate(static_cast<uint64_t>(link.rate.value()))));
  helper.SetDeviceAttribute("Mtu",
                            ns3::UintegerValue(static_cast<uint64_t>(mtu)));
  helper.SetChannelAttribute("Delay", ns3::TimeValue(ToNs3(link.delay)));
  const ns3::NetDeviceContainer devices =
      helper.Install(nodes_[static_cast<size_t>(link.a.value())],
                     nodes_[static_cast<size_t>(link.b.value())]);
  AddPort(link.a, link.b, link.rate, link.queue_a, devices.Get(0));
  AddPort(link.b, link.a, link.rate, link.queue_b, devices.Get(1));
  interfaces_.emplace_back(AddInterface(link.a, devices.Get(0)),
                           AddInterface(link.b, devices.Get(1)));
}

void Ns3Datacentre::AddPort(NodeId at, NodeId towards, Bandwidth rate,
                            const QueueConfig& queue,
                            ns3::Ptr<ns3::NetDevice> device) {
  Port port;
  port.name = topology_.node(at).name + "-" + topology_.node(towards).name;
  port.on_switch = topology_.node(at).kind != NodeKind::kHost;
  port.rate = rate;
  port.device = device;
  port.device_queue =
      ns3::DynamicCast<ns3::PointToPointNetDevice>(device)->GetQueue();
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

void Ns3Datacentre::FillTables() {
  std::vector<std::vector<std::vector<uint32_t>>> tables(nodes_.size());
  for (int64_t destination = 0; destination < hosts(); ++destination) {
    const auto next = NextLinksTo(topology_, NodeId(destination));
    for (size_t node = 0; node < nodes_.size(); ++node) {
      std::vector<uint32_t> out;
      for (LinkId id : next[node]) {
        const auto& ends = interfaces_[static_cast<size_t>(id.value())];
        const bool at_a =
            topology_.link(id).a == NodeId(static_cast<int64_t>(node));
        out.push_back(at_a ? ends.first : ends.second);
      }
      tables[node].push_back(std::move(out));
    }
  }
  for (size_t node = 0; node < nodes_.size(); ++node) {
    RoutingOf(nodes_[node])->SetTable(std::move(tables[node]));
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
  const NodeId host(index);
  for (const TopologyLink& link : topology_.links) {
    if (link.a == host || link.b == host) return link.rate;
  }
  AIRLOCK_CHECK(false, "host {} has no link", index);
  return Bandwidth();
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
  // When link i is free again, for packets sent one behind the other.
  std::vector<SimTime> free(path.size());
  // The arrival of `bytes` of IP that leave the first host at `time`.
  const auto send = [&](SimTime time, int64_t bytes) {
    for (size_t i = 0; i < path.size(); ++i) {
      const TopologyLink& link = topology_.link(path[i]);
      time = std::max(time, free[i]) +
             TransmissionTime(DataSize(bytes + kPppHeader), link.rate);
      free[i] = time;
      time = time + link.delay;
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
