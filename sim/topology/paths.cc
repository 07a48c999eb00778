#include "sim/topology/paths.h"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/connected_components.hpp>

namespace airlock {
namespace {

using Graph =
    boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS>;

Graph ToGraph(const Topology& topology) {
  Graph graph(topology.nodes.size());
  for (const TopologyLink& link : topology.links) {
    boost::add_edge(static_cast<size_t>(link.a.value()),
                    static_cast<size_t>(link.b.value()), graph);
  }
  return graph;
}

int64_t At(const std::vector<int64_t>& values, NodeId node) {
  return values[static_cast<size_t>(node.value())];
}

}  // namespace

bool IsConnected(const Topology& topology) {
  const Graph graph = ToGraph(topology);
  std::vector<int> component(topology.nodes.size());
  return boost::connected_components(graph, component.data()) <= 1;
}

std::vector<int64_t> HopsTo(const Topology& topology, NodeId destination) {
  const Graph graph = ToGraph(topology);
  std::vector<int64_t> hops(topology.nodes.size(), -1);
  hops[static_cast<size_t>(destination.value())] = 0;
  boost::breadth_first_search(
      graph, static_cast<size_t>(destination.value()),
      boost::visitor(boost::make_bfs_visitor(
          boost::record_distances(hops.data(), boost::on_tree_edge()))));
  return hops;
}

std::vector<std::vector<LinkId>> NextLinksTo(const Topology& topology,
                                             NodeId destination) {
  const std::vector<int64_t> hops = HopsTo(topology, destination);
  std::vector<std::vector<LinkId>> next(topology.nodes.size());
  for (size_t i = 0; i < topology.links.size(); ++i) {
    const TopologyLink& link = topology.links[i];
    const LinkId id(static_cast<int64_t>(i));
    const int64_t a = At(hops, link.a);
    const int64_t b = At(hops, link.b);
    if (a < 0 || b < 0) continue;
    if (b == a - 1) next[static_cast<size_t>(link.a.value())].push_back(id);
    if (a == b - 1) next[static_cast<size_t>(link.b.value())].push_back(id);
  }
  return next;
}

std::vector<LinkId> FirstShortestPath(const Topology& topology, NodeId from,
                                      NodeId to) {
  const auto next = NextLinksTo(topology, to);
  std::vector<LinkId> path;
  while (from != to) {
    const std::vector<LinkId>& links = next[static_cast<size_t>(from.value())];
    if (links.empty()) return {};
    path.push_back(links.front());
    from = topology.Peer(links.front(), from);
  }
  return path;
}

}  // namespace airlock
