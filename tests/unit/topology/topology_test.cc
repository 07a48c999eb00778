#include "sim/topology/topology.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/base/error.h"
#include "sim/topology/paths.h"

namespace airlock {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TopologyConfig LeafSpine(int64_t leaves, int64_t spines, int64_t hosts) {
  TopologyConfig config;
  config.leaves = leaves;
  config.spines = spines;
  config.hosts_per_leaf = hosts;
  return config;
}

TEST(Topology, LeafSpineHasEveryLeafOnEverySpine) {
  const Topology topology = BuildTopology(LeafSpine(3, 2, 4));
  EXPECT_EQ(topology.CountHosts(), 12);
  EXPECT_EQ(topology.nodes.size(), 12u + 3 + 2);
  EXPECT_EQ(topology.links.size(), 12u + 3 * 2);
  EXPECT_EQ(topology.node(topology.AttachedTo(0)).name, "leaf0");
  EXPECT_EQ(topology.node(topology.AttachedTo(11)).name, "leaf2");
  EXPECT_TRUE(IsConnected(topology));
}

TEST(Topology, LinksTakeTheirRatesAndQueues) {
  TopologyConfig config = LeafSpine(2, 2, 1);
  config.host_link = {Gbps(1), Microseconds(3)};
  config.fabric_link = {Gbps(10), Microseconds(7)};
  config.queue.ecn_threshold = 20;
  const Topology topology = BuildTopology(config);
  EXPECT_EQ(topology.links.front().rate, Gbps(1));
  EXPECT_EQ(topology.links.front().delay, Microseconds(3));
  EXPECT_EQ(topology.links.back().rate, Gbps(10));
  EXPECT_EQ(topology.links.back().delay, Microseconds(7));
  for (const TopologyLink& link : topology.links) {
    EXPECT_EQ(link.queue_a.ecn_threshold, 20);
  }
}

TEST(Topology, BackToBackIsOneLink) {
  TopologyConfig config;
  config.kind = "back-to-back";
  const Topology topology = BuildTopology(config);
  EXPECT_EQ(topology.CountHosts(), 2);
  EXPECT_EQ(topology.links.size(), 1u);
  EXPECT_EQ(topology.AttachedTo(0), NodeId(1));
}

TEST(Topology, UnknownKindNamesTheKnownOnes) {
  TopologyConfig config;
  config.kind = "torus";
  try {
    BuildTopology(config);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(),
                 "topology.kind: 'torus' is not a topology; known: "
                 "leaf-spine, back-to-back, fat-tree");
  }
}

TEST(Topology, RefusesNoSpines) {
  EXPECT_THROW(BuildTopology(LeafSpine(2, 0, 1)), InputError);
}

TEST(Paths, NextLinksAreTheEqualCostOnes) {
  // Hosts 0-3 (nodes 0-3), leaves 4-5, spines 6-8; links 0-3 to the hosts,
  // 4-6 of leaf 4, 7-9 of leaf 5.
  const Topology topology = BuildTopology(LeafSpine(2, 3, 2));
  const auto next = NextLinksTo(topology, NodeId(3));
  EXPECT_THAT(next[0], ElementsAre(LinkId(0)));
  EXPECT_THAT(next[3], IsEmpty());
  EXPECT_THAT(next[4], ElementsAre(LinkId(4), LinkId(5), LinkId(6)));
  EXPECT_THAT(next[5], ElementsAre(LinkId(3)));
  EXPECT_THAT(next[7], ElementsAre(LinkId(8)));
  EXPECT_THAT(HopsTo(topology, NodeId(3)),
              ElementsAre(4, 4, 2, 0, 3, 1, 2, 2, 2));
  EXPECT_THAT(FirstShortestPath(topology, NodeId(0), NodeId(3)),
              ElementsAre(LinkId(0), LinkId(4), LinkId(7), LinkId(3)));
}

TEST(Paths, NoPathIsEmpty) {
  Topology topology = BuildTopology(LeafSpine(2, 1, 1));
  topology.links.pop_back();  // the second leaf's only uplink
  EXPECT_FALSE(IsConnected(topology));
  EXPECT_EQ(HopsTo(topology, NodeId(1))[0], -1);
  EXPECT_THAT(FirstShortestPath(topology, NodeId(0), NodeId(1)), IsEmpty());
  EXPECT_THAT(NextLinksTo(topology, NodeId(1))[0], IsEmpty());
}

}  // namespace
}  // namespace airlock
