#pragma once

#include <cstdint>
#include <vector>

#include "sim/optimisation/optimiser.h"

namespace airlock {

// Uniform independent points (Bergstra and Bengio, JMLR 13 (2012)): the
// baseline that a better optimiser has to beat. Never finishes by itself.
class RandomSearch : public Optimiser {
 public:
  RandomSearch(std::vector<SearchDimension> dimensions, uint64_t seed,
               int constraints = 0);

  std::vector<double> Ask() override;
  bool Finished() const override { return false; }

 private:
  uint64_t seed_;
};

}  // namespace airlock
