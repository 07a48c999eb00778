#pragma once

#include "twin/drift/change_statistic.h"

namespace airlock {

// The new concept dates, for all of them, from where the warning level was
// passed for the last time.

// DDM (Gama, Medas, Castillo and Rodrigues, SBIA 2004), of a stream of errors
// (1) and successes (0): error rate p and s = sqrt(p (1 - p) / n) against those
// where p + s was smallest. Evidence is (p + s - p_min) / s_min. Where s_min is
// zero (no error at all so far, or nothing else), every increase is a change by
// the published rule: evidence is then `drift_level` plus the increase in
// standard deviations of one error in the warm-up, and stays finite.
StatisticEntry DdmStatistic();

// EDDM (Baena-Garcia et al., 4th Workshop on Knowledge Discovery from Data
// Streams, 2006): the distance between errors, its mean plus two standard
// deviations against the largest so far. Evidence is 1 - their ratio, renewed
// at every error. With the sample standard deviation: river.
StatisticEntry EddmStatistic();
// With the standard deviation of the population: MOA; with warm_up 28 river
// before 0.14.
StatisticEntry EddmMoaStatistic();

}  // namespace airlock
