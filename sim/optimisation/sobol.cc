#include "sim/optimisation/sobol.h"

#include <boost/random/sobol.hpp>
#include <cstdint>
#include <vector>

namespace airlock {

Eigen::MatrixXd ShiftedSobol(int count, int dimensions, int skip,
                             RngStream stream) {
  boost::random::sobol sequence(dimensions);
  sequence.discard(static_cast<uint64_t>(skip) * dimensions);
  std::vector<uint64_t> shifts(dimensions);
  for (uint64_t& shift : shifts) shift = stream.Next64();
  Eigen::MatrixXd points(count, dimensions);
  for (int i = 0; i < count; ++i) {
    for (int j = 0; j < dimensions; ++j) {
      const uint64_t bits = sequence() ^ shifts[j];
      points(i, j) = static_cast<double>(bits >> 11) * 0x1p-53;
    }
  }
  return points;
}

}  // namespace airlock
