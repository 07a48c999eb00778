#pragma once

#include <vector>

namespace airlock {

// What rate adaptation makes of an RSSI: the truncated and attenuated Shannon
// bound (3GPP TR 36.942, section A.1), whose constants stand for the steps of
// the MCS table, the margin that the algorithm keeps and its falls:
//   rate = min(top, attenuation width log2(1 + 10^((rssi - floor) / 10))).
struct RateCurve {
  double width = 20e6;        // Hz, given
  double attenuation = 0.75;  // of Shannon's bound
  double floor_dbm = -90;     // noise and implementation margin
  double top = 65e6;          // bit/s

  double At(double rssi) const;
};

// The curve with the least Huber loss (linear beyond a fifth of the highest
// rate) to `rates` in bit/s at `rssi` in dBm, by pattern search from `start` if
// given, else from the best of a coarse grid. Equal lengths, not empty.
RateCurve FitRateCurve(const std::vector<double>& rssi,
                       const std::vector<double>& rates, double width,
                       const RateCurve* start);

// Share of PHY rate that becomes goodput, airtime of others, headers, backoff
// and acknowledgements together: the one with the least Huber loss to
// min(offered, share rate).
double FitGoodputShare(const std::vector<double>& rates,
                       const std::vector<double>& goodputs, double offered);

}  // namespace airlock
