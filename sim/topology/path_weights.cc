#include "sim/topology/path_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/topology/paths.h"

namespace airlock {

std::vector<std::set<std::vector<LinkId>>> PathChoices(
    const Topology& topology) {
  std::vector<std::set<std::vector<LinkId>>> choices(topology.nodes.size());
  std::set<NodeId> seen;
  for (int64_t host = 0; host < topology.CountHosts(); ++host) {
    // All hosts of a switch are reached alike.
    const NodeId attached = topology.AttachedTo(host);
    if (!seen.insert(attached).second) continue;
    const auto next = NextLinksTo(topology, attached);
    for (size_t node = 0; node < next.size(); ++node) {
      if (next[node].size() > 1) choices[node].insert(next[node]);
    }
  }
  return choices;
}

PathWeights::PathWeights(const Topology& topology)
    : choices_(PathChoices(topology)) {
  for (size_t node = 0; node < choices_.size(); ++node) {
    node_names_.push_back(topology.nodes[node].name);
    const NodeId at(static_cast<int64_t>(node));
    for (const std::vector<LinkId>& links : choices_[node]) {
      for (LinkId link : links) {
        const NodeId peer = topology.Peer(link, at);
        hops_[{node_names_.back(), topology.node(peer).name}] = {at, link};
        weights_[{at, link}] = 1;
      }
    }
  }
}

std::string PathWeights::Set(const std::string& at, const std::string& towards,
                             double weight) {
  const auto hop = hops_.find({at, towards});
  if (hop == hops_.end()) {
    std::string neighbours;
    for (const auto& [names, unused] : hops_) {
      if (names.first != at) continue;
      neighbours += (neighbours.empty() ? "" : ", ") + names.second;
    }
    if (neighbours.empty()) {
      return "there is no node '" + at + "' with several next hops";
    }
    return fmt::format("{} never chooses '{}'; it has {}", at, towards,
                       neighbours);
  }
  if (!(weight >= 0) || std::isinf(weight)) {
    return fmt::format("{} is not a weight: a number of at least 0", weight);
  }
  weights_[{hop->second.at, hop->second.link}] = weight;
  return "";
}

std::string PathWeights::AllZeroAt() const {
  for (size_t node = 0; node < choices_.size(); ++node) {
    const NodeId at(static_cast<int64_t>(node));
    for (const std::vector<LinkId>& links : choices_[node]) {
      const bool zero =
          std::all_of(links.begin(), links.end(), [&](LinkId link) {
            return weights_.at({at, link}) == 0;
          });
      if (zero) return node_names_[node];
    }
  }
  return "";
}

double PathWeights::Of(NodeId node, LinkId link) const {
  const auto found = weights_.find({node, link});
  return found == weights_.end() ? 1 : found->second;
}

std::vector<std::pair<std::string, std::string>> PathWeights::Names() const {
  std::vector<std::pair<std::string, std::string>> names;
  for (const auto& [pair, unused] : hops_) names.push_back(pair);
  return names;
}

}  // namespace airlock
