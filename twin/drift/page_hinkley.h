#pragma once

#include "twin/drift/change_statistic.h"

namespace airlock {

// Page-Hinkley (Page, Biometrika 41, 1954; Hinkley, Biometrika 58, 1971) on the
// deviations from the running mean of the stream, with a fading sum
// S = alpha S + (x - mean - delta). Where a reference is given, values are
// standardised by it first, so that delta and lambda are in its standard
// deviations. Three published rules under one name differ in their alarms:

// Evidence is S - min S for increases and max S - S (with + delta) for
// decreases: river since 0.14. The extreme dates the change,
// too early where the sum wandered (a delta near zero).
StatisticEntry PageHinkleyStatistic();
// Evidence is S itself, held at zero from below, increases only: river before,
// and, with alpha 1, the CUSUM of frouros.
StatisticEntry PageHinkleyClippedStatistic();
// Evidence is S itself, increases only: MOA to 2023 and frouros. A sum that
// fell while there was no change has to rise again first, which costs delay.
StatisticEntry PageHinkleyUnclippedStatistic();

}  // namespace airlock
