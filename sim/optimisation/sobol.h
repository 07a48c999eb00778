#pragma once

#include <Eigen/Dense>

#include "sim/base/rng.h"

namespace airlock {

// `count` points of the unit cube [0, 1)^dimensions, one a row: the Sobol
// sequence with the direction numbers of Joe and Kuo, from its point `skip`,
// under a random digital shift (each bit flipped or not for the whole sequence;
// L'Ecuyer and Lemieux, 2002), which keeps its even spread. `stream` gives the
// shift, one draw for each dimension.
Eigen::MatrixXd ShiftedSobol(int count, int dimensions, int skip,
                             RngStream stream);

}  // namespace airlock
