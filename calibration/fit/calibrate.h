#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sim/scenario/calibration_profile.h"
#include "sim/scenario/resolve.h"
#include "sim/stats/interval.h"
#include "sim/telemetry/trace.h"

namespace airlock {

struct CalibrationOptions {
  double fit_share = 0.6;  // of the samples, the first in time order
  FidelityLimits limits;
  uint64_t seed = 1;
  int64_t fit_samples = 256;    // simulated in each step of the fit
  int64_t posterior_draws = 6;  // replays of the whole trace
  // KPIs that are judged, as far as the trace has them.
  std::vector<std::string> kpis = {"delivered_rate", "loss_ratio",
                                   "latency_p50", "latency_p95", "latency_p99"};
};

// What the calibrated twin says about one KPI on the held-out samples.
struct HeldOutKpi {
  std::string kpi;
  std::string unit;
  std::vector<double> time_seconds;
  std::vector<double> measured;
  std::vector<double> predicted;  // mean over the posterior
  std::vector<double> low;        // 90 % predictive interval
  std::vector<double> high;
};

// How far a method's predictions are off, in absolute value, on the held-out
// samples and, to choose between methods, in the fit part.
struct PredictionError {
  std::string quantity;  // "rssi", "goodput", "mean goodput of 30 s"
  std::string unit;
  std::string method;
  int64_t samples = 0;
  // In the fit part: blocks, each from those before. NaN: not worked out.
  double median_in_fit = 0;
  Interval median;  // held out, with 90 % by block bootstrap
  Interval mean;
};

// What was fitted beside what was measured: for a figure.
struct FittedCurve {
  std::string name;
  std::string x_title;  // with the unit
  std::string y_title;
  std::vector<double> fit_x, fit_y;    // samples of the fit part
  std::vector<double> held_x, held_y;  // held out
  std::vector<double> x, y;            // the curve
};

struct CalibrationResult {
  CalibrationProfile profile;  // without the trace's path
  std::vector<HeldOutKpi> held_out;
  // Of a WLAN: baselines and what was fitted, side by side.
  std::vector<PredictionError> errors;
  std::vector<FittedCurve> curves;
  std::vector<std::string> notes;  // what was left out, and why
};

// (done, total) replays, about equal in cost.
using CalibrationProgress = std::function<void(int64_t, int64_t)>;

// Fits the scenario's chain to the first part of `trace` and judges it on the
// rest, which the fit never reads.
//
// Every sample is replayed in the surrogate engine with its own offered
// packets, mean size and contention (chain_workload.h). Parameters minimise
// Huber's loss of the differences between replay and trace in loss_ratio, ln
// latency quantiles and, where the trace has them, the functions' busy
// fractions, each over its own spread at that load; a prior centred on the
// scenario's values (log-normal, 90 % within a factor 4) holds what the trace
// does not tell. The minimum is found by a random search and
// Levenberg-Marquardt with common random numbers on some blocks of the fit
// part; the posterior comes from reweighting the blocks (randomised maximum a
// posteriori: Newton and Raftery, JRSS B 56, 1994), so it allows for
// autocorrelation and for a model that is wrong. A parameter whose posterior is
// not clearly narrower than its prior is put back to the scenario's value and
// reported as fixed.
//
// The predictive interval of a held-out sample joins the posterior (replays
// with several draws) with the differences between replay and trace that
// samples at a like state have shown in the blocks that the parameters were not
// fitted to: replication noise and model discrepancy (Kennedy and O'Hagan, JRSS
// B 63, 2001) together, without a distribution assumed.
//
// Judged per KPI on the held-out part: Wasserstein-1 over the measured standard
// deviation, and p50 and p99 of the KPI's distribution, of the replays as they
// are (what the twin would say); and how often the 90 % predictive interval
// covers. Where a KPI has an atom (no loss), an interval cannot cover exactly
// 90 %; coverage counts the part of the probability integral transform's jump
// that lies in 0.05..0.95 (Czado, Gneiting and Held, Biometrics 65, 2009).
//
// A scenario of a WLAN is calibrated by CalibrateWlan (calibrate_wlan.h).
//
// Throws InputError if the scenario has no chain, the trace lacks offered_rate
// or all KPIs, or has fewer than 100 samples.
CalibrationResult Calibrate(const ResolvedScenario& scenario,
                            const Trace& trace,
                            const CalibrationOptions& options,
                            const CalibrationProgress& progress);

// The same on a chain alone; the profile then names no scenario.
CalibrationResult CalibrateChain(const ChainConfig& chain, const Trace& trace,
                                 const CalibrationOptions& options,
                                 const CalibrationProgress& progress);

}  // namespace airlock
