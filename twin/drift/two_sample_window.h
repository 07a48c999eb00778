#pragma once

#include "twin/drift/change_statistic.h"

namespace airlock {

// Two-sample statistics between the reference and the last `window` values,
// evaluated every `stride` values once the window is full, and repeated
// between. A reference of more than 4096 values is represented by as many of
// its quantiles. State: the values in the window, so equal windows give equal
// bits. Throw InputError for a reference shorter than the window.

// Kolmogorov-Smirnov distance times sqrt(N) + .12 + .11 / sqrt(N) (Stephens
// 1970), N = n w / (n + w). Classic threshold: Kolmogorov's quantile 1 - alpha.
StatisticEntry KolmogorovSmirnovStatistic();

// Cramer-von Mises T (see SortedWindow for ties), brought to the limiting
// distribution's mean and variance (Anderson 1962). Classic threshold: its
// quantile 1 - alpha.
StatisticEntry CramerVonMisesStatistic();

// Energy distance (Szekely and Rizzo 2013) times N over the mean distance of
// two values of the reference: expectation 1 without change, without unit.
// Classic threshold: the bound for quadratic forms of normals, the normal
// quantile 1 - alpha / 2 squared (Szekely and Bakirov 2003), alpha <= .215. For
// a constant reference the unit is arbitrary: any distance is infinite
// evidence.
StatisticEntry EnergyStatistic();

// Maximum mean discrepancy (Gretton et al. 2012, eq. 5) with the kernel
// exp(-(x - y)^2 / (2 sigma^2)), sigma = `bandwidth` times the median distance
// of two reference values, times N over its expectation without change.
// Threshold as for the energy distance. Values further than 7 median distances
// from the reference's median count as if they were there; within, the kernel
// is that of its Fourier series to 1e-7 (equally spaced frequencies, Rahimi and
// Recht 2007 without their randomness).
StatisticEntry MmdStatistic();

}  // namespace airlock
