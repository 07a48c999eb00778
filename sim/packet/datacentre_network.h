#pragma once

#include <ns3/net-device.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "sim/packet/datacentre.h"
#include "sim/packet/fabric_port.h"
#include "sim/topology/fabric_state.h"
#include "sim/topology/path_weights.h"
#include "sim/topology/topology.h"

namespace airlock {

// A way to spread packets over equal-cost paths.
struct RoutingKind {
  const char* name;  // routing.kind
  bool multipath;
  bool by_capacity;  // paths count by what they can carry
  const char* description;
};
const std::vector<RoutingKind>& RoutingKinds();

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
  // Begins the course of failures and repairs; after SetOrigin().
  void StartFailures();
  // Whether switches choose between paths, by weights.
  bool multipath() const { return routing_.multipath; }
  // How they share flows out, from now on.
  const PathWeights& weights() const { return weights_; }
  void SetWeights(PathWeights weights);
  bool has_failures() const { return !failures_.empty(); }
  // Packets for which a switch had no way on, since the start.
  int64_t unrouted() const;
  // Explicit ns-3 streams from `stream` on; after SeedNs3().
  void AssignStreams(int64_t stream);
  // By link, end a before end b.
  const std::vector<Port>& ports() const { return ports_; }
  const Topology& topology() const { return topology_; }

 private:
  void CreateNodes(int64_t deployment_salt, uint64_t seed);
  void CreateLink(const TopologyLink& link, DataSize segment);
  // The interface of `device` on node `id`, set up in IP.
  uint32_t AddInterface(NodeId id, ns3::Ptr<ns3::NetDevice> device);
  void AddPort(NodeId at, NodeId towards, Bandwidth rate,
               const QueueConfig& queue, ns3::Ptr<ns3::NetDevice> device);
  // Both directions of `link`, between the devices of its ends.
  void SetRate(const TopologyLink& link, ns3::Ptr<ns3::NetDevice> a,
               ns3::Ptr<ns3::NetDevice> b, Bandwidth rate) const;
  // Gates for the links that will be down at some time.
  void AddGates();
  // Calls `change` at `time`, or now if that is past.
  void At(SimTime time, std::function<void()> change);
  void Become(const FabricState& state);
  void FillTables();

  Topology topology_;
  std::vector<FailureConfig> failures_;
  SimTime convergence_;
  const Framing& framing_;
  const RoutingKind& routing_;
  PathWeights weights_;
  FabricState state_;                       // as it is
  FabricState routed_;                      // as routing knows it
  std::vector<ns3::Ptr<ns3::Node>> nodes_;  // by NodeId
  // By LinkId, the interface at end a and at end b.
  std::vector<std::pair<uint32_t, uint32_t>> interfaces_;
  std::vector<Port> ports_;
  SimTime origin_;
  // Links of one shortest path between two hosts.
  mutable std::map<std::pair<int64_t, int64_t>, std::vector<LinkId>> paths_;
};

}  // namespace airlock
