#pragma once

#include <Eigen/Core>
#include <vector>

namespace airlock {

// Who disturbs whom in one network: the lists that a planner walks along.
struct InterferenceGraph {
  struct Edge {
    int ap = 0;
    double weight = 0;  // m
  };
  // `interference` as InterferenceMap() makes it.
  explicit InterferenceGraph(const Eigen::MatrixXd& interference);

  int size() const { return static_cast<int>(heard.size()); }

  std::vector<std::vector<Edge>> heard;    // [i]: every j with m_ij > 0
  std::vector<std::vector<Edge>> victims;  // [i]: every j with m_ji > 0
};

}  // namespace airlock
