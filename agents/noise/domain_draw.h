#pragma once

#include "sim/base/rng.h"
#include "sim/scenario/airtime_profile.h"
#include "sim/scenario/calibration_profile.h"
#include "sim/scenario/scenario.h"

// Domain randomisation: what an episode is like is drawn from what a
// calibration left uncertain (Tobin et al., IROS 2017, with a posterior in the
// place of ranges chosen by hand, as Ramos et al., "BayesSim", RSS 2019).
namespace airlock {

// The profile with every value drawn anew: its median is the value, its 5 %
// and 95 % quantiles are `low` and `high`, and on each side it is normal. Where
// the trace informs one factor of several ("shared") they are drawn with the
// same normal number; what was "fixed" has its prior's interval. Values that
// the key cannot have are drawn again.
CalibrationProfile DrawFromPosterior(const CalibrationProfile& profile,
                                     RngStream* rng);
// The same of the airtime model's threshold and channel rate; law, softness and
// own load are as fitted.
AirtimeProfile DrawFromPosterior(const AirtimeProfile& profile, RngStream* rng);

// A network of an episode: `wlan` with the profile's drawn parameters in place.
WlanConfig DrawWlan(const WlanConfig& wlan, const CalibrationProfile& profile,
                    RngStream* rng);
WlanConfig DrawWlan(const WlanConfig& wlan, const AirtimeProfile& profile,
                    RngStream* rng);
ChainConfig DrawChain(const ChainConfig& chain,
                      const CalibrationProfile& profile, RngStream* rng);

}  // namespace airlock
