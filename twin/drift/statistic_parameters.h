#pragma once

#include <string>
#include <vector>

#include "twin/drift/change_statistic.h"

namespace airlock {

// `given`, with the defaults of `known` for what is missing. Throws InputError
// that names `statistic` for a parameter that it does not have (with those that
// it has) and for a value outside the range.
StatisticParameters CompleteParameters(
    const std::string& statistic, const std::vector<StatisticParameter>& known,
    const StatisticParameters& given);

// As whole number; InputError if it is none.
int64_t WholeParameter(const std::string& statistic,
                       const StatisticParameters& complete,
                       const std::string& name);

}  // namespace airlock
