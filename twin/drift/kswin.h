#pragma once

#include "twin/drift/change_statistic.h"

namespace airlock {

// KSWIN (Raab, Heusinger and Schleif, Neurocomputing 416, 2020) as in river:
// the last `stat_size` values of a sliding window against as many drawn without
// replacement from those before, at every value, by the two-sample
// Kolmogorov-Smirnov test with exact p-value. With window = 2 stat_size nothing
// is left to chance. Evidence is -ln p; between two possible values of p, the
// area between the two distribution functions tells equal distances apart, so
// that any run length can be calibrated. Starts with an empty window after an
// alarm. O(window) memory and time, of bits.
StatisticEntry KswinStatistic();

}  // namespace airlock
