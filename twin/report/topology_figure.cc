#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "sim/scenario/wlan_layout.h"
#include "sim/topology/topology.h"
#include "twin/report/page_parts.h"

namespace airlock {
namespace {

const char* KindName(NodeKind kind) {
  switch (kind) {
    case NodeKind::kHost:
      return "host";
    case NodeKind::kLeaf:
      return "leaf";
    case NodeKind::kAggregation:
      return "aggregation";
    case NodeKind::kSpine:
      return "spine";
  }
  return "node";
}

// Spines above leaves above hosts, each row spread evenly; what is between
// leaves and spines stands there.
GraphPlot LayeredPlot(const Topology& topology) {
  std::map<NodeKind, int64_t> count;
  for (const TopologyNode& node : topology.nodes) ++count[node.kind];
  const std::map<NodeKind, double> row = {{NodeKind::kSpine, 0.05},
                                          {NodeKind::kAggregation, 0.25},
                                          {NodeKind::kLeaf, 0.45},
                                          {NodeKind::kHost, 0.9}};
  GraphPlot plot;
  for (const TopologyNode& node : topology.nodes) {
    plot.nodes.push_back({node.name, KindName(node.kind),
                          (static_cast<double>(node.index) + 0.5) /
                              static_cast<double>(count[node.kind]),
                          row.at(node.kind)});
  }
  for (const TopologyLink& link : topology.links) {
    plot.links.push_back({static_cast<size_t>(link.a.value()),
                          static_cast<size_t>(link.b.value()),
                          ToString(link.rate)});
  }
  return plot;
}

// Source, functions in order, sink.
GraphPlot ChainPlot(const ChainConfig& chain) {
  GraphPlot plot;
  plot.height = 110;
  const double stops = static_cast<double>(chain.functions.size()) + 2;
  const auto add = [&](const std::string& name, const char* kind) {
    const size_t at = plot.nodes.size();
    plot.nodes.push_back(
        {name, kind, (static_cast<double>(at) + 0.5) / stops, 0.4});
    if (at > 0) plot.links.push_back({at - 1, at, ""});
  };
  add("source", "host");
  for (const ChainFunction& function : chain.functions) {
    add(function.name, "function");
  }
  add("sink", "host");
  return plot;
}

// Access points where they stand, their stations around them.
GraphPlot FloorPlot(const WlanConfig& wlan) {
  struct Place {
    std::string name;
    bool station;
    double x, y;
    size_t access_point;
  };
  std::vector<Place> places;
  for (const AccessPointConfig& ap : wlan.access_points) {
    const size_t at = places.size();
    const double x = ap.position.x.value();
    const double y = ap.position.y.value();
    places.push_back(
        {fmt::format("{} (channel {})", ap.name, ap.channel), false, x, y, at});
    for (const StationConfig& station : StationsOf(ap)) {
      places.push_back({"", true, station.position.x.value(),
                        station.position.y.value(), at});
    }
  }
  double low_x = 0, high_x = 1, low_y = 0, high_y = 1;
  for (const Place& place : places) {
    low_x = std::min(low_x, place.x);
    high_x = std::max(high_x, place.x);
    low_y = std::min(low_y, place.y);
    high_y = std::max(high_y, place.y);
  }
  // One scale for both axes, so that circles stay circles on a wide screen.
  const double size = std::max(high_x - low_x, 2 * (high_y - low_y));
  GraphPlot plot;
  plot.height = 360;
  for (const Place& place : places) {
    plot.nodes.push_back({place.name,
                          place.station ? "station" : "access point",
                          0.05 + 0.9 * (place.x - low_x) / size,
                          0.05 + 1.8 * (high_y - place.y) / size});
    if (place.station) {
      plot.links.push_back({place.access_point, plot.nodes.size() - 1, ""});
    }
  }
  return plot;
}

}  // namespace

PageFigure TopologyFigure(const Scenario& scenario) {
  if (scenario.wlan) {
    return {"Access points and stations where they start", "floor plan",
            ToVega(FloorPlot(*scenario.wlan))};
  }
  const DatacentreConfig& network = *scenario.datacentre;
  if (network.chain) {
    return {"Functions in the order in which packets pass them",
            "service chain", ToVega(ChainPlot(*network.chain))};
  }
  return {"Switches above the hosts, level by level", "network topology",
          ToVega(LayeredPlot(BuildTopology(network.topology)))};
}

}  // namespace airlock
