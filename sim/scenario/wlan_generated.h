#pragma once

#include <cstdint>
#include <vector>

#include "sim/scenario/scenario.h"

namespace airlock {

// The access points that `wlan.generated` describes, which must be there: a
// Poisson point process on a square (Iacoboaiea et al., IFIP Networking 2021,
// section V), conditioned on the number of points where `count` is fixed. Its
// side is such that an access point hears `neighbours` others on average, with
// the WLAN's path loss, shadowing and power variation (GeneratedSide). They are
// named "ap000", "ap001", ...; each starts on a channel drawn from those that
// the region allows for the WLAN's width. Depends on `seed` and `wlan` only,
// and so do shadowing and powers (WlanPropagation, same seed): an instance is a
// scenario and a seed.
std::vector<AccessPointConfig> GenerateAccessPoints(const WlanConfig& wlan,
                                                    int64_t seed);

// Side in metres of the square on which `access_points` uniform points hear on
// average `neighbours` others at kPreambleThreshold or more. `neighbours` must
// be more than 0 and less than access_points - 1.
double GeneratedSide(const WlanConfig& wlan);

// Probability that two uniform points of the unit square are at most `distance`
// apart (square line picking).
double UnitSquareDistanceCdf(double distance);

}  // namespace airlock
