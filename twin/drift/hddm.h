#pragma once

#include "twin/drift/change_statistic.h"

namespace airlock {

// Frias-Blanco et al., "Online and non-parametric drift detection methods based
// on Hoeffding's bounds", IEEE Transactions on Knowledge and Data Engineering
// 27(3), 2015, of values in [0, 1]. The stream is cut where its mean plus
// (minus) its bound, at confidence `drift`, was smallest (largest); evidence is
// -ln of the confidence at which the mean has increased (`two_sided`: or
// decreased) since then. In the calibrated mode, too, cuts are made at `drift`.

// Plain means and Hoeffding's bound (A-test). The change is dated by the cut.
StatisticEntry HddmAStatistic();
// Exponentially weighted means and McDiarmid's bound (W-test), as the authors'
// own in MOA and river since 0.26. The change is dated by where the warning
// level was passed.
StatisticEntry HddmWStatistic();
// As river to 0.23: a mean that is exactly 0 is replaced by the next value
// instead of averaged with it, and the bound starts from lambda^2 + (1 -
// lambda)^2.
StatisticEntry HddmWRiverLegacyStatistic();

}  // namespace airlock
