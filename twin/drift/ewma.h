#pragma once

#include "twin/drift/change_statistic.h"

namespace airlock {

// Exponentially weighted moving average z (Roberts, Technometrics 1, 1959):
// evidence is |z - mean| in standard deviations of z, exact at every step
// (lambda / (2 - lambda) (1 - (1 - lambda)^2t)) or asymptotic. Mean and
// standard deviation are those of the reference, or of the first `warm_up`
// values without one.
StatisticEntry EwmaStatistic();
// The same against the running mean and the exponentially weighted variance of
// the stream itself, never frozen: river's chart.
StatisticEntry EwmaRiverStatistic();
// Each value on its own: the EWMA with lambda 1 (Shewhart 1931).
StatisticEntry ShewhartStatistic();

}  // namespace airlock
