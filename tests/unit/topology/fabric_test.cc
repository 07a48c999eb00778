#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "sim/base/error.h"
#include "sim/topology/capacity.h"
#include "sim/topology/fabric_state.h"
#include "sim/topology/forwarding.h"
#include "sim/topology/paths.h"

namespace airlock {
namespace {

TopologyConfig FatTree(int64_t k) {
  TopologyConfig config;
  config.kind = "fat-tree";
  config.switch_ports = k;
  return config;
}

TopologyConfig LeafSpine(int64_t leaves, int64_t spines, int64_t hosts) {
  TopologyConfig config;
  config.leaves = leaves;
  config.spines = spines;
  config.hosts_per_leaf = hosts;
  return config;
}

LinkId LinkBetween(const Topology& topology, const std::string& name) {
  const std::vector<LinkId> links = LinksOf(topology, name);
  EXPECT_EQ(links.size(), 1u) << name;
  return links.at(0);
}

NodeId NodeNamed(const Topology& topology, const std::string& name) {
  for (size_t i = 0; i < topology.nodes.size(); ++i) {
    if (topology.nodes[i].name == name) return NodeId(static_cast<int64_t>(i));
  }
  ADD_FAILURE() << name;
  return NodeId();
}

// Al-Fares et al., section 2.2: k^3/4 hosts, k^2/2 edge and as many aggregation
// switches, k^2/4 core switches, each with k ports, (k/2)^2 equal-cost paths
// between pods.
TEST(FatTree, HasTheReferencesCounts) {
  for (int64_t k : {2, 4, 6, 10}) {
    SCOPED_TRACE(k);
    const Topology topology = BuildTopology(FatTree(k));
    std::map<NodeKind, int64_t> count;
    std::map<NodeId, int64_t> degree;
    for (const TopologyNode& node : topology.nodes) ++count[node.kind];
    for (const TopologyLink& link : topology.links) {
      ++degree[link.a];
      ++degree[link.b];
    }
    EXPECT_EQ(topology.CountHosts(), k * k * k / 4);
    EXPECT_EQ(count[NodeKind::kLeaf], k * k / 2);
    EXPECT_EQ(count[NodeKind::kAggregation], k * k / 2);
    EXPECT_EQ(count[NodeKind::kSpine], k * k / 4);
    for (const auto& [node, links] : degree) {
      const bool host = topology.node(node).kind == NodeKind::kHost;
      EXPECT_EQ(links, host ? 1 : k) << topology.node(node).name;
    }
    EXPECT_TRUE(IsConnected(topology));
    const NodeId last(topology.CountHosts() - 1);
    EXPECT_EQ(HopsTo(topology, last)[0], 6);
    // Paths from the first host: edge times aggregation choices.
    const auto next = NextLinksTo(topology, last);
    const NodeId edge = topology.AttachedTo(0);
    int64_t paths = 0;
    for (LinkId link : next[static_cast<size_t>(edge.value())]) {
      const NodeId up = topology.Peer(link, edge);
      paths +=
          static_cast<int64_t>(next[static_cast<size_t>(up.value())].size());
    }
    EXPECT_EQ(paths, k * k / 4);
  }
  EXPECT_THROW(BuildTopology(FatTree(3)), InputError);
}

TEST(FatTree, CarriesHalfOfItsHostsAcross) {
  for (int64_t k : {4, 6}) {
    const Topology topology = BuildTopology(FatTree(k));
    const Bisection bisection = BisectionOf(topology);
    EXPECT_EQ(bisection.hosts, Gbps(k * k * k / 8));
    EXPECT_EQ(bisection.rate, Gbps(k * k * k / 8));
    EXPECT_DOUBLE_EQ(bisection.oversubscription, 1);
    EXPECT_DOUBLE_EQ(LeafOversubscription(topology), 1);
  }
  TopologyConfig slow_core = FatTree(4);
  slow_core.core_link = LinkConfig{Mbps(250), Microseconds(1)};
  const Topology topology = BuildTopology(slow_core);
  EXPECT_EQ(BisectionOf(topology).rate, Gbps(2));
  EXPECT_DOUBLE_EQ(BisectionOf(topology).oversubscription, 4);
  // A leaf of 2 Gb/s reaches its pod's other leaf at 2 Gb/s.
  EXPECT_DOUBLE_EQ(LeafOversubscription(topology), 1);
}

TEST(Capacity, LeafSpineIsAsOversubscribedAsItsUplinks) {
  const Topology topology = BuildTopology(LeafSpine(4, 2, 6));
  EXPECT_EQ(BisectionOf(topology).rate, Gbps(4));
  EXPECT_DOUBLE_EQ(BisectionOf(topology).oversubscription, 3);
  EXPECT_DOUBLE_EQ(LeafOversubscription(topology), 3);
}

// The cut of a graph worked out by hand: host0 - leaf0 = {1, 1} = leaf1 - host2
// with the second spine's downlink at 0.3 Gb/s.
TEST(Capacity, MinimumCutIsThatOfTheNarrowestPlace) {
  Topology topology = BuildTopology(LeafSpine(2, 2, 2));
  const LinkId slow = LinkBetween(topology, "leaf1-spine1");
  topology.links[static_cast<size_t>(slow.value())].rate = Mbps(300);
  const auto cut = [&](std::vector<NodeId> from, std::vector<NodeId> to) {
    return MinimumCut(topology, from, to);
  };
  EXPECT_EQ(cut({NodeId(0)}, {NodeId(2)}), Gbps(1));
  EXPECT_EQ(cut({NodeId(0), NodeId(1)}, {NodeId(2), NodeId(3)}), Mbps(1300));
}

TEST(FabricState, FollowsFailuresAndRepairs) {
  const Topology topology = BuildTopology(LeafSpine(2, 2, 2));
  const std::vector<FailureConfig> failures = {
      {Milliseconds(10), "spine1", Milliseconds(30), {}},
      {Milliseconds(20), "spine1-leaf0", Milliseconds(40), Mbps(100)},
      {Milliseconds(25), "leaf0-spine1", {}, Mbps(300)}};
  const size_t link =
      static_cast<size_t>(LinkBetween(topology, "leaf0-spine1").value());
  const size_t other =
      static_cast<size_t>(LinkBetween(topology, "leaf1-spine1").value());
  const auto at = [&](int64_t ms) {
    return StateAt(topology, failures, Milliseconds(ms));
  };
  EXPECT_TRUE(at(9).up[link]);
  EXPECT_FALSE(at(10).up[link]);
  EXPECT_FALSE(at(29).up[other]);
  EXPECT_TRUE(at(30).up[other]);
  EXPECT_EQ(at(19).rate[link], Gbps(1));
  EXPECT_EQ(at(30).rate[link], Mbps(100));  // the lowest
  EXPECT_EQ(at(40).rate[link], Mbps(300));
  EXPECT_EQ(at(40).rate[other], Gbps(1));
  const std::vector<SimTime> times = {Milliseconds(10), Milliseconds(20),
                                      Milliseconds(25), Milliseconds(30),
                                      Milliseconds(40)};
  EXPECT_EQ(ChangesOf(failures), times);
  EXPECT_TRUE(HostsCutOff(topology, at(10)).empty());
  const std::vector<std::string> cut = {"host0", "host2"};
  EXPECT_EQ(HostsCutOff(topology, StateAt(topology,
                                          {{SimTime(), "spine0", {}, {}},
                                           {SimTime(), "spine1", {}, {}}},
                                          SimTime())),
            cut);
}

TEST(PathWeights, AreOfNextHopsThatAreChosen) {
  PathWeights weights(BuildTopology(LeafSpine(2, 3, 2)));
  EXPECT_EQ(weights.Names().size(), 6u);
  EXPECT_EQ(weights.Set("leaf0", "spine2", 2.5), "");
  EXPECT_EQ(weights.Set("leaf0", "host0", 1),
            "leaf0 never chooses 'host0'; it has spine0, spine1, spine2");
  EXPECT_EQ(weights.Set("spine0", "leaf1", 1),
            "there is no node 'spine0' with several next hops");
  EXPECT_EQ(weights.Set("leaf0", "spine1", -0.5),
            "-0.5 is not a weight: a number of at least 0");
  EXPECT_NE(weights.Set("leaf0", "spine1", std::nan("")), "");
  EXPECT_NE(weights.Set("leaf0", "spine1", INFINITY), "");
  EXPECT_EQ(weights.AllZeroAt(), "");
  for (const char* spine : {"spine0", "spine1", "spine2"}) {
    EXPECT_EQ(weights.AllZeroAt(), "");
    EXPECT_EQ(weights.Set("leaf1", spine, 0), "");
  }
  EXPECT_EQ(weights.AllZeroAt(), "leaf1");
}

// The next hops of `node` towards `host`, by name, with their shares.
std::map<std::string, double> Shares(const Topology& topology,
                                     const FabricState& state,
                                     const PathWeights& weights,
                                     bool by_capacity, const std::string& node,
                                     const std::string& host) {
  const auto tables = ForwardingTables(topology, state, weights, by_capacity);
  const NodeId at = NodeNamed(topology, node);
  const ForwardingTable& table = tables[static_cast<size_t>(at.value())];
  const NodeId to = NodeNamed(topology, host);
  const auto& set =
      table.sets[table.set_of_host[static_cast<size_t>(to.value())]];
  double total = 0;
  for (const NextHop& hop : set) total += hop.weight;
  std::map<std::string, double> shares;
  for (const NextHop& hop : set) {
    shares[topology.node(topology.Peer(hop.link, at)).name] =
        hop.weight / total;
  }
  return shares;
}

using Shared = std::map<std::string, double>;

TEST(Forwarding, WeighsFailsAndFallsBack) {
  const Topology topology = BuildTopology(LeafSpine(3, 2, 2));
  PathWeights weights(topology);
  const auto shares = [&](const std::vector<FailureConfig>& failures,
                          const std::string& node, const std::string& host,
                          bool by_capacity = false) {
    return Shares(topology, StateAt(topology, failures, SimTime()), weights,
                  by_capacity, node, host);
  };
  EXPECT_EQ(shares({}, "leaf0", "host5"),
            (Shared{{"spine0", 0.5}, {"spine1", 0.5}}));
  EXPECT_EQ(shares({}, "leaf0", "host1"), (Shared{{"host1", 1}}));
  EXPECT_EQ(shares({}, "spine1", "host3"), (Shared{{"leaf1", 1}}));
  weights.Set("leaf0", "spine0", 3);
  EXPECT_EQ(shares({}, "leaf0", "host5"),
            (Shared{{"spine0", 0.75}, {"spine1", 0.25}}));
  // Others route around a link that is down, and only towards its leaf.
  const std::vector<FailureConfig> down = {{SimTime(), "leaf2-spine0", {}, {}}};
  EXPECT_EQ(shares(down, "leaf0", "host5"), (Shared{{"spine1", 1}}));
  EXPECT_EQ(shares(down, "leaf1", "host0"),
            (Shared{{"spine0", 0.5}, {"spine1", 0.5}}));
  // A weight of 0 does not cut off what has no other way.
  weights.Set("leaf0", "spine1", 0);
  EXPECT_EQ(shares({}, "leaf0", "host5"), (Shared{{"spine0", 1}}));
  EXPECT_EQ(shares(down, "leaf0", "host5"), (Shared{{"spine1", 1}}));
  // No way at all.
  EXPECT_EQ(
      shares({{SimTime(), "spine0", {}, {}}, {SimTime(), "spine1", {}, {}}},
             "leaf0", "host5"),
      Shared());
}

// A link at a quarter of its rate gets a fifth of what two carry; with the
// setting's weight on top.
TEST(Forwarding, CapacityWeighsPaths) {
  const Topology topology = BuildTopology(LeafSpine(3, 2, 2));
  PathWeights weights(topology);
  const FabricState slow = StateAt(
      topology, {{SimTime(), "leaf2-spine0", {}, Mbps(250)}}, SimTime());
  const auto shares = [&](const std::string& host) {
    return Shares(topology, slow, weights, true, "leaf0", host);
  };
  EXPECT_EQ(shares("host5"), (Shared{{"spine0", 0.2}, {"spine1", 0.8}}));
  EXPECT_EQ(shares("host3"), (Shared{{"spine0", 0.5}, {"spine1", 0.5}}));
  weights.Set("leaf0", "spine0", 4);
  EXPECT_EQ(shares("host5"), (Shared{{"spine0", 0.5}, {"spine1", 0.5}}));
}

// In a fat-tree what is behind an aggregation switch depends on its core links:
// the edge sends it less.
TEST(Forwarding, CapacityLooksBehindTheNextHop) {
  const Topology topology = BuildTopology(FatTree(4));
  const PathWeights weights(topology);
  const FabricState state =
      StateAt(topology, {{SimTime(), "aggregation0-core0", {}, {}}}, SimTime());
  EXPECT_EQ(Shares(topology, state, weights, false, "edge0", "host15"),
            (Shared{{"aggregation0", 0.5}, {"aggregation1", 0.5}}));
  const Shared shares =
      Shares(topology, state, weights, true, "edge0", "host15");
  // Both carry the whole uplink of 1 Gb/s still.
  EXPECT_EQ(shares, (Shared{{"aggregation0", 0.5}, {"aggregation1", 0.5}}));
  const FabricState slow =
      StateAt(topology,
              {{SimTime(), "aggregation0-core0", {}, {}},
               {SimTime(), "aggregation0-core1", {}, Mbps(500)}},
              SimTime());
  const Shared less = Shares(topology, slow, weights, true, "edge0", "host15");
  EXPECT_DOUBLE_EQ(less.at("aggregation0"), 1.0 / 3);
  EXPECT_DOUBLE_EQ(less.at("aggregation1"), 2.0 / 3);
}

TEST(Queues, AreThoseOfTheirClass) {
  TopologyConfig config = LeafSpine(2, 2, 2);
  config.queue.limit = 100;
  config.fabric_queue = QueueConfig();
  config.fabric_queue->limit = 200;
  config.host_queue = QueueConfig();
  config.host_queue->limit = 300;
  const Topology topology = BuildTopology(config);
  EXPECT_EQ(topology.links.front().queue_a.limit, 300);  // host0
  EXPECT_EQ(topology.links.front().queue_b.limit, 100);  // leaf0, to host0
  EXPECT_EQ(topology.links.back().queue_a.limit, 200);
  EXPECT_EQ(topology.links.back().queue_b.limit, 200);
}

}  // namespace
}  // namespace airlock
