#pragma once

#include "twin/drift/change_statistic.h"

namespace airlock {

// ADWIN (Bifet and Gavalda, "Learning from time-changing data with adaptive
// windowing", SIAM SDM 2007): an exponential histogram of the window (at most
// `max_buckets` buckets of each size 2^i: O(log width) memory), cut at every
// bucket's edge every `clock` values. A cut into n0 older and n1 newer values
// is significant at delta if their means differ by more than
//   eps = sqrt(2 m v L) + 2/3 m L,  L = ln(2 ln(width) / delta),
//   m = 1 / (n0 - min_window + 1) + 1 / (n1 - min_window + 1),  v: variance.
// Evidence is the largest -ln(delta) at which a cut is, and stands until the
// next look. Once the threshold is known, a look that reaches it drops the
// oldest buckets until no cut does any more. Values may be on any scale,
// although the bound's last term is meant for [0, 1].
//
// Published rules under one name differ in their alarms:

// MOA: every cut with more than min_window + 1 values on both sides; the window
// remains after an alarm.
StatisticEntry AdwinStatistic();
// river since 0.22: every cut with min_window values on both sides; starts with
// an empty window after an alarm.
StatisticEntry AdwinRiverStatistic();
// river 0.10 to 0.21: as above, but no cut behind the newest bucket of any
// size, whose values then count for neither side. frouros: the same with
// min_window 7.
StatisticEntry AdwinRiverLegacyStatistic();
// river before 0.10: those cuts; the window remains after an alarm.
StatisticEntry AdwinRiverEarlyStatistic();
// scikit-multiflow: the same, and a merged bucket forgets the variance within
// its older half.
StatisticEntry AdwinMultiflowStatistic();

}  // namespace airlock
