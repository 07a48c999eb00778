#pragma once

#include "calibration/fit/calibrate.h"

namespace airlock {

// Fits a WLAN's propagation and links to the first part of a trace of links
// (airlock import link-log) and judges them on the rest, which the fit never
// reads.
//
// Time is that between the first and the last sample with a frame on any link;
// links with too few samples in its first part are left out, with a note. A
// link without a frequency there is taken to be on its access point's channel.
//
// Propagation (propagation.h): exponent and reference loss of log-distance path
// loss, per link and common, with shadowing as a Gaussian field over place and
// direction of travel. They are what a scenario's keys say; the reference loss
// is that for the scenario's transmit power, antenna gains included.
// Goodput (link_predictor.h): RSSI to PHY rate to goodput, and what that misses
// as a field over RSSI, utilisation, place and direction.
//
// KPIs: `rssi` by the keys alone, anywhere; `rssi_at_site` with the shadowing
// of the place; `goodput` from RSSI, its last 10 s and utilisation;
// `goodput_at_site` with the place; `goodput_at_rate` from the measured PHY
// rate, RSSI and utilisation, so without rate adaptation's part. Predictive
// intervals: the differences that the methods leave at like states in six
// blocks of the fit part (ResidualPool), over the standard deviation that the
// method gives where it has one; each block once predicted from the others,
// once from those before (their fields' scales are those of the whole fit
// part). Point predictions are their medians. Judged as a
// chain's are (calibrate.h).
//
// Throws InputError if the scenario has no access point of the trace's links,
// or no link has enough samples or varies in distance.
CalibrationResult CalibrateWlan(const WlanConfig& wlan, const Trace& trace,
                                const CalibrationOptions& options,
                                const CalibrationProgress& progress);

}  // namespace airlock
