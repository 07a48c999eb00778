#include "sim/optimisation/random_search.h"

#include <utility>

#include "sim/base/rng.h"

namespace airlock {

RandomSearch::RandomSearch(std::vector<SearchDimension> dimensions,
                           uint64_t seed, int constraints)
    : Optimiser(std::move(dimensions), constraints), seed_(seed) {}

std::vector<double> RandomSearch::Ask() {
  RngStream stream = RngTree(seed_).Stream("optimisation/random",
                                           Replication(evaluations().size()));
  Eigen::VectorXd unit(space().size());
  for (int i = 0; i < space().size(); ++i) unit(i) = stream.Uniform();
  return space().FromUnit(unit);
}

}  // namespace airlock
