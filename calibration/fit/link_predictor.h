#pragma once

#include <string>
#include <vector>

#include "calibration/fit/propagation.h"
#include "calibration/fit/rate_curve.h"

namespace airlock {

// Ways to predict a link's RSSI or goodput, baselines first.
enum LinkMethod {
  kRssiConstant,     // the median
  kRssiPersistence,  // the value heard last, one sample ago mostly
  kRssiFreeSpace,    // exponent 2
  kRssiExponent3,    // ns-3's log-distance model by default
  kRssiTwoRay,       // exponent 2, and 4 behind the crossover of two rays
  kRssiLine,         // log-distance with the fitted common exponent
  kRssiTwoSlopes,    // two fitted exponents and where they meet
  kRssiSite,         // the line and the shadowing at the receiver's place
  kGoodputConstant,
  kGoodputPersistence,
  kGoodputCurve,       // from RSSI: rate curve, share of it that is goodput
  kGoodputChannel,     // and what it misses, by RSSI and utilisation
  kGoodputAdaptation,  // and by the RSSI's last seconds
  kGoodputSite,        // and by the receiver's place
  kGoodputPlace,       // the same without measured RSSI and utilisation
  kGoodputRate,        // from PHY rate, RSSI and utilisation, all measured
  kLinkMethods,
};
bool IsGoodput(LinkMethod method);
const char* NameOf(LinkMethod method);

// Axes of what the rate curve misses. Rate adaptation has a memory: at one RSSI
// its rate depends on what the RSSI was and how it moved.
enum GoodputAxis {
  kRssiAxis,         // dB
  kUtilisationAxis,  // 0..1
  kRecentRssiAxis,   // dB
  kSpreadAxis,       // of ln(spread of the RSSI in dB + 0.3)
  kRateAxis,         // of ln rate
  kGoodputPlaceAxis,
  kGoodputHeadingAxis,
  kGoodputAxes
};

// The scales of all fields, one set for all links.
struct LinkScales {
  FieldScales shadowing;
  FieldScales channel;  // of kGoodputChannel, and so on
  FieldScales adaptation;
  FieldScales site;
  FieldScales rate;
};
// Those of the goodput with the highest restricted likelihood, by descent along
// one scale at a time on grids. Links without goodput do not count.
LinkScales FitGoodputScales(const std::vector<Link>& links,
                            const std::vector<Selection>& fit,
                            FieldScales shadowing);

// The goodput's part of a link: fitted to samples with traffic.
struct GoodputModel {
  RateCurve curve;         // of recent_rssi
  bool of_rate = true;     // the curve is of the PHY rate, else of goodput
  double share = 0;        // goodput over the curve's value
  double rate_share = 0;   // over measured rate times utilisation; 0: unknown
  double offered = 0;      // bit/s; the highest goodput but for 1 %
  double utilisation = 0;  // stands for missing ones: the median
  double spread = 0;       // of the RSSI, likewise, dB

  double At(double rssi) const;
};
// The curve is fitted to the samples with a PHY rate if at least 30 have one,
// else to the goodput of all; as in `start` if that is given. Nothing is fitted
// (share 0) to fewer than 30 samples.
GoodputModel FitGoodput(const Link& link, const Selection& selection,
                        const GoodputModel* start);

// Predictions of all methods, [method][link][sample]: NaN where a method has
// none. `sd`: what the method itself says of its error, up to a factor; 1 where
// it says nothing.
struct LinkPredictions {
  std::vector<std::vector<std::vector<double>>> values;
  std::vector<std::vector<std::vector<double>>> sd;
};

// Predicts link i at its samples at[i] from what `train` says of each link. A
// link with an empty train[i] counts nowhere; its at[i] must be empty too.
// RSSI so far is known to the goodput methods but kGoodputPlace, and
// utilisation too; persistence looks at the sample before.
LinkPredictions PredictLinks(const std::vector<Link>& links,
                             const std::vector<Selection>& train,
                             const std::vector<Selection>& at,
                             const LinkScales& scales);

}  // namespace airlock
