#include "sim/topology/colouring.h"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <set>
#include <tuple>

#include "sim/base/error.h"

namespace airlock {
namespace {

using Graph =
    boost::adjacency_list<boost::setS, boost::vecS, boost::undirectedS,
                          boost::no_property,
                          boost::property<boost::edge_weight_t, double>>;

constexpr int kNone = -1;

void Check(int nodes, const Conflict& conflict) {
  const auto [low, high] = std::minmax(conflict.a, conflict.b);
  if (low < 0 || high >= nodes || low == high) {
    throw InputError(fmt::format(
        "conflict of nodes {} and {}: allowed are two different ones from 0 to "
        "{}",
        conflict.a, conflict.b, nodes - 1));
  }
  if (!(conflict.weight > 0)) {
    throw InputError(
        fmt::format("conflict of nodes {} and {}: weight {} is not positive",
                    conflict.a, conflict.b, conflict.weight));
  }
}

Graph ToGraph(int nodes, const std::vector<Conflict>& conflicts) {
  Graph graph(static_cast<size_t>(nodes));
  for (const Conflict& conflict : conflicts) {
    Check(nodes, conflict);
    const auto [edge, added] =
        boost::add_edge(static_cast<size_t>(conflict.a),
                        static_cast<size_t>(conflict.b), 0.0, graph);
    boost::get(boost::edge_weight, graph, edge) += conflict.weight;
  }
  return graph;
}

// The first of the colours whose conflicts with `node`'s coloured neighbours
// weigh least.
int LightestColour(const Graph& graph, size_t node,
                   const std::vector<int>& colour, int colours) {
  std::vector<double> weight(static_cast<size_t>(colours), 0.0);
  for (const auto& edge :
       boost::make_iterator_range(boost::out_edges(node, graph))) {
    const int taken = colour[boost::target(edge, graph)];
    if (taken == kNone) continue;
    weight[static_cast<size_t>(taken)] +=
        boost::get(boost::edge_weight, graph, edge);
  }
  return static_cast<int>(std::min_element(weight.begin(), weight.end()) -
                          weight.begin());
}

}  // namespace

std::vector<int> ColourConflicts(int nodes,
                                 const std::vector<Conflict>& conflicts,
                                 int colours) {
  if (colours < 1) {
    throw InputError(
        fmt::format("{} colours: at least one is needed", colours));
  }
  const Graph graph = ToGraph(nodes, conflicts);
  std::vector<int> colour(static_cast<size_t>(nodes), kNone);
  std::vector<std::set<int>> seen(colour.size());
  const auto rank = [&](size_t node) {
    return std::make_tuple(seen[node].size(), boost::out_degree(node, graph));
  };
  for (int coloured = 0; coloured < nodes; ++coloured) {
    size_t next = colour.size();
    for (size_t node = 0; node < colour.size(); ++node) {
      if (colour[node] != kNone) continue;
      if (next == colour.size() || rank(node) > rank(next)) next = node;
    }
    colour[next] = LightestColour(graph, next, colour, colours);
    for (size_t neighbour :
         boost::make_iterator_range(boost::adjacent_vertices(next, graph))) {
      seen[neighbour].insert(colour[next]);
    }
  }
  return colour;
}

}  // namespace airlock
