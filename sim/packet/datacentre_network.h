#pragma once

#include <ns3/net-device.h>
#include <ns3/queue-disc.h>
#include <ns3/queue.h>

#include <map>
#include <string>
#include <vector>

#include "sim/packet/datacentre.h"
#include "sim/topology/topology.h"

namespace airlock {

// One end of a link: where packets wait. Owned by ns-3.
struct Port {
  std::string name;  // "leaf0-host3": at leaf0, towards host3
  bool on_switch = false;
  Bandwidth rate;
  ns3::Ptr<ns3::NetDevice> device;
  ns3::Ptr<ns3::Queue<ns3::Packet>> device_queue;  // one packet, below:
  ns3::Ptr<ns3::QueueDisc> discipline;
};

// A way to manage a port's queue. A port's length counts the discipline and
// the one packet that the device holds back below it, not the packet on the
// wire; both numbers of the configuration are of that length.
struct QueueDiscipline {
  const char* name;  // topology.queue.discipline
  ns3::Ptr<ns3::QueueDisc> (*create)(const QueueConfig& config);
  const char* description;
};
const std::vector<QueueDiscipline>& QueueDisciplines();

// Makes `packets` (>= 1) the threshold from now on. False if the port's
// discipline has no threshold.
bool SetEcnThreshold(const Port& port, int64_t packets);

// A way to spread packets over equal-cost paths.
struct RoutingKind {
  const char* name;  // routing.kind
  bool multipath;
  const char* description;
};
const std::vector<RoutingKind>& RoutingKinds();

// A TCP congestion control.
struct TransportKind {
  const char* name;  // transport.kind
  const char* ns3_type;
  const char* description;
};
const std::vector<TransportKind>& TransportKinds();

// The network of a scenario in ns-3: nodes, point-to-point links, queues,
// addresses and forwarding tables. Host i has the address 10.0.0.1 + i;
// switches have none. Sets ns-3's process-wide TCP defaults.
class Ns3Datacentre : public DatacentreNetwork {
 public:
  // Throws InputError for an unknown kind, and where the hosts do not all reach
  // each other.
  Ns3Datacentre(const DatacentreConfig& config, uint64_t seed);

  int64_t hosts() const override { return topology_.CountHosts(); }
  ns3::Ptr<ns3::Node> host(int64_t index) const override;
  ns3::Ipv4Address address(int64_t index) const override;
  Bandwidth link_rate(int64_t index) const override;
  int64_t leaf(int64_t index) const override;
  SimTime IdealFlowTime(int64_t from, int64_t to, DataSize payload,
                        DataSize segment) const override;
  SimTime Now() const override;

  // From here Now() counts.
  void SetOrigin();
  // Explicit ns-3 streams from `stream` on; after SeedNs3().
  void AssignStreams(int64_t stream);
  // By link, end a before end b.
  const std::vector<Port>& ports() const { return ports_; }
  const Topology& topology() const { return topology_; }

 private:
  void CreateNodes(const DatacentreConfig& config, uint64_t seed);
  void CreateLink(const TopologyLink& link, DataSize segment);
  // The interface of `device` on node `id`, set up in IP.
  uint32_t AddInterface(NodeId id, ns3::Ptr<ns3::NetDevice> device);
  void AddPort(NodeId at, NodeId towards, Bandwidth rate,
               const QueueConfig& queue, ns3::Ptr<ns3::NetDevice> device);
  void FillTables();

  Topology topology_;
  std::vector<ns3::Ptr<ns3::Node>> nodes_;  // by NodeId
  // By LinkId, the interface at end a and at end b.
  std::vector<std::pair<uint32_t, uint32_t>> interfaces_;
  std::vector<Port> ports_;
  SimTime origin_;
  // Links of one shortest path between two hosts.
  mutable std::map<std::pair<int64_t, int64_t>, std::vector<LinkId>> paths_;
};

}  // namespace airlock
