#pragma once

#include <string>
#include <vector>

#include "calibration/traces/csv.h"

namespace airlock {

// Where the columns `names` stand in `header`, the row that `reader` gave last;
// other columns are allowed. Throws InputError that names a column that is
// missing, with the nearest name that is there, or one that is there twice.
std::vector<size_t> FindCsvColumns(const CsvReader& reader,
                                   const std::vector<CsvCell>& header,
                                   const std::vector<std::string>& names);

}  // namespace airlock
