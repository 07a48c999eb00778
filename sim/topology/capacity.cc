#include "sim/topology/capacity.h"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/push_relabel_max_flow.hpp>
#include <limits>
#include <map>
#include <numeric>

#include "sim/topology/paths.h"

namespace airlock {
namespace {

using Traits =
    boost::adjacency_list_traits<boost::vecS, boost::vecS, boost::directedS>;
using EdgeProperties =
    boost::property<boost::edge_capacity_t, int64_t,
                    boost::property<boost::edge_residual_capacity_t, int64_t,
                                    boost::property<boost::edge_reverse_t,
                                                    Traits::edge_descriptor>>>;
using FlowGraph =
    boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS,
                          boost::no_property, EdgeProperties>;

// Two arcs that are each other's reverse.
void AddArcs(size_t a, size_t b, int64_t there, int64_t back,
             FlowGraph* graph) {
  const auto forward = boost::add_edge(a, b, *graph).first;
  const auto backward = boost::add_edge(b, a, *graph).first;
  boost::put(boost::edge_capacity, *graph, forward, there);
  boost::put(boost::edge_capacity, *graph, backward, back);
  boost::put(boost::edge_reverse, *graph, forward, backward);
  boost::put(boost::edge_reverse, *graph, backward, forward);
}

size_t IndexOf(NodeId node) { return static_cast<size_t>(node.value()); }

int64_t SumOfRates(const Topology& topology, const std::vector<NodeId>& hosts) {
  int64_t sum = 0;
  for (NodeId host : hosts) {
    sum += topology.link(topology.LinkOf(host.value())).rate.value();
  }
  return sum;
}

double Over(int64_t wanted, Bandwidth carried) {
  if (carried.value() == 0) return std::numeric_limits<double>::infinity();
  return static_cast<double>(wanted) / static_cast<double>(carried.value());
}

}  // namespace

Bandwidth MinimumCut(const Topology& topology, const std::vector<NodeId>& from,
                     const std::vector<NodeId>& to) {
  const size_t nodes = topology.nodes.size();
  const size_t source = nodes;
  const size_t sink = nodes + 1;
  FlowGraph graph(nodes + 2);
  int64_t all = 0;
  for (const TopologyLink& link : topology.links) {
    AddArcs(IndexOf(link.a), IndexOf(link.b), link.rate.value(),
            link.rate.value(), &graph);
    all += link.rate.value();
  }
  for (NodeId node : from) AddArcs(source, IndexOf(node), all, 0, &graph);
  for (NodeId node : to) AddArcs(IndexOf(node), sink, all, 0, &graph);
  return Bandwidth(boost::push_relabel_max_flow(graph, source, sink));
}

Bisection BisectionOf(const Topology& topology) {
  std::vector<NodeId> low;
  std::vector<NodeId> high;
  const int64_t hosts = topology.CountHosts();
  for (int64_t i = 0; i < hosts; ++i) {
    (i < hosts / 2 ? low : high).push_back(NodeId(i));
  }
  Bisection found;
  found.hosts = Bandwidth(
      std::min(SumOfRates(topology, low), SumOfRates(topology, high)));
  found.rate = MinimumCut(topology, low, high);
  found.oversubscription = Over(found.hosts.value(), found.rate);
  return found;
}

double LeafOversubscription(const Topology& topology) {
  std::map<NodeId, std::vector<NodeId>> by_leaf;
  for (int64_t i = 0; i < topology.CountHosts(); ++i) {
    by_leaf[topology.AttachedTo(i)].push_back(NodeId(i));
  }
  double most = 1;
  for (const auto& [leaf, own] : by_leaf) {
    std::vector<NodeId> others;
    for (const auto& [other, hosts] : by_leaf) {
      if (other != leaf)
        others.insert(others.end(), hosts.begin(), hosts.end());
    }
    if (others.empty()) continue;
    const int64_t wanted =
        std::min(SumOfRates(topology, own), SumOfRates(topology, others));
    most = std::max(most, Over(wanted, MinimumCut(topology, own, others)));
  }
  return most;
}

std::vector<double> CapacityTowards(const Topology& topology,
                                    NodeId destination) {
  const std::vector<int64_t> hops = HopsTo(topology, destination);
  const auto next = NextLinksTo(topology, destination);
  std::vector<size_t> order(topology.nodes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return hops[a] < hops[b]; });
  std::vector<double> capacity(topology.nodes.size(), 0);
  capacity[IndexOf(destination)] = std::numeric_limits<double>::infinity();
  for (size_t node : order) {
    for (LinkId link : next[node]) {
      const NodeId peer =
          topology.Peer(link, NodeId(static_cast<int64_t>(node)));
      capacity[node] +=
          std::min(static_cast<double>(topology.link(link).rate.value()),
                   capacity[IndexOf(peer)]);
    }
  }
  return capacity;
}

}  // namespace airlock
