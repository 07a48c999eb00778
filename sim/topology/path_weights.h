#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sim/topology/topology.h"

namespace airlock {

// For each node the different sets of two or more equal-cost next links, by
// increasing LinkId, between which packets to some host choose there.
std::vector<std::set<std::vector<LinkId>>> PathChoices(
    const Topology& topology);

// How a node's traffic is shared out over its next hops: a weight for each one
// that it ever chooses, 1 at first.
class PathWeights {
 public:
  explicit PathWeights(const Topology& topology);

  // Nothing changes, and what is wrong is returned, for a weight that is not a
  // number >= 0 or names between which nothing is chosen; else "".
  std::string Set(const std::string& at, const std::string& towards,
                  double weight);
  // The first node, by id, that can choose only between hops of weight 0; "".
  std::string AllZeroAt() const;
  // 1 for a link that `node` does not choose.
  double Of(NodeId node, LinkId link) const;
  // The node's name and its neighbour's, of all that can be set.
  std::vector<std::pair<std::string, std::string>> Names() const;

 private:
  struct Hop {
    NodeId at;
    LinkId link;
  };

  std::vector<std::string> node_names_;
  std::vector<std::set<std::vector<LinkId>>> choices_;
  std::map<std::pair<std::string, std::string>, Hop> hops_;
  std::map<std::pair<NodeId, LinkId>, double> weights_;
};

}  // namespace airlock
