#pragma once

#include "twin/drift/change_statistic.h"

namespace airlock {

// Tabular CUSUM (Page, Biometrika 41, 1954; Montgomery, "Introduction to
// Statistical Quality Control", section 9.1): two sums of what the values
// exceed, or fall short of, the mean in control by more than the slack, held at
// zero from below. Evidence is the larger sum in standard deviations. Mean and
// standard deviation are those of the reference, or of the first `warm_up`
// values without one. The change is dated by the sum's last zero.
StatisticEntry CusumStatistic();

}  // namespace airlock
