#include "sim/surrogate/interference_graph.h"

#include "sim/base/error.h"

namespace airlock {

InterferenceGraph::InterferenceGraph(const Eigen::MatrixXd& interference)
    : heard(interference.rows()), victims(interference.rows()) {
  AIRLOCK_CHECK(interference.rows() == interference.cols());
  for (int i = 0; i < size(); ++i) {
    for (int j = 0; j < size(); ++j) {
      if (i == j || !(interference(i, j) > 0)) continue;
      heard[i].push_back({j, interference(i, j)});
      victims[j].push_back({i, interference(i, j)});
    }
  }
}

}  // namespace airlock
