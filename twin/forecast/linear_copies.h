#pragma once

#include <cstdint>
#include <vector>

#include "twin/forecast/samples.h"

namespace airlock {

// For each of `columns` of the table (in that order) the first of those before
// it that it is a copy of, or -1: missing in the same rows, and in all others
// equal to it up to a linear map, within `rounding` of the column's range. A
// copy of a copy points to the first. No column is constant or all missing.
// Time grows with the columns, not with their pairs: only columns whose
// projections on one random direction agree are compared.
std::vector<int64_t> FindLinearCopies(const SampleTable& table,
                                      const std::vector<int64_t>& columns,
                                      double rounding);

}  // namespace airlock
