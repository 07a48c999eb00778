#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/scenario/scenario.h"

namespace airlock {

// FittedParameter::function of what holds for a whole WLAN.
inline constexpr char kWholeWlan[] = "wlan";

// One parameter of a chain's function, of a WLAN or of a link of it after a
// calibration.
struct FittedParameter {
  // Name of the chain's function; of a WLAN kWholeWlan, or AP-STATION.
  std::string function;
  // Key below the function in a scenario: "service.per_packet",
  // "service.per_byte", "service.cv", "ring", "wakeup", "contention_slope.cpu",
  // "stall_interval", "stall_slope.cpu", "stall_duration", "quota_offset"; of
  // a WLAN "path_loss_exponent", "reference_loss_db",
  // "reference_loss_24ghz_db", "shadowing_db", and keys that a scenario has
  // not, which say what else was found.
  std::string key;
  std::string unit;  // "ns", "ns/B", "1", "packet", "1/s"
  double value = 0;  // the posterior mean
  double low = 0;    // 90 % interval
  double high = 0;
  // "fitted": the trace informs it. "shared": the trace informs one factor of
  // this and other functions' parameters; `note` says which. "fixed": taken
  // from the scenario, because the trace cannot tell it; then the interval is
  // the prior's and `note` says why.
  std::string origin = "fitted";
  std::string note;
};

struct FidelityLimits {
  double w1_over_sd = 0.10;  // at most
  double p99_error = 0.10;   // at most, absolute value
  double coverage_low = 0.85;
  double coverage_high = 0.95;
};

// How well the calibrated twin predicts one KPI on the part of the trace that
// the fit has not seen.
struct KpiFidelity {
  std::string kpi;        // "delivered_rate", "loss_ratio", "latency_p99", ...
  int64_t samples = 0;    // held-out samples with a value
  double sd = 0;          // of the measured held-out KPI, in its unit
  double w1_over_sd = 0;  // Wasserstein-1 distance of the distributions / sd
  double p50_error = 0;   // relative, of the KPI's distribution over samples
  double p99_error = 0;
  double coverage = 0;  // held-out share inside the 90 % predictive interval
  double interval_width = 0;  // mean width of that interval / sd
  bool credible = false;
  std::string reason;  // why not credible; empty if it is
};

// A number of a scenario, by its keys, after a calibration by sampling.
struct FittedSetting {
  std::string name;
  std::vector<std::string> keys;  // of the scenario: all get the value
  std::string unit;               // as the keys take it; empty: a bare number
  double value = 0;               // the posterior mean
  double low = 0;                 // 90 % interval
  double high = 0;
  double r_hat = 0;  // of the chains of the sampler
  double effective_samples = 0;
};

// How a posterior by sampling was found, and what says that it is right.
struct SamplingRecord {
  std::string method;       // "history-matching", then Metropolis
  int64_t engine_runs = 0;  // all in all
  // After each wave: the share of the prior's volume that is not ruled out.
  std::vector<double> plausible_shares;
  // Of the emulators, left out one at a time: share of outputs within two
  // standard deviations, and root mean square error over the output's spread.
  double emulator_coverage = 0;
  double emulator_error = 0;
  double log_evidence = 0;  // with the discrepancy term
  double log_evidence_without_discrepancy = 0;
  // Simulation-based calibration: its greatest chi square over parameters and
  // the limit that it is held against; no simulations: not asked for.
  int64_t rank_simulations = 0;
  double rank_chi_square = 0;
  double rank_limit = 0;
};

// One factor of a credibility assessment in the manner of NASA-STD-7009.
struct CredibilityFactor {
  std::string factor;
  int64_t level = 0;     // 0: nothing known, .. 4
  std::string evidence;  // what was measured
};

// What a calibration found out: the way in which measured reality reaches a
// twin. Written by `airlock calibrate`, named by a scenario's
// `datacentre.chain.profile` or `wlan.profile`, read by the gate, which asks
// nothing about a KPI that is not credible.
struct CalibrationProfile {
  int64_t schema = 1;
  std::string airlock_version;
  std::string scenario_name;
  std::string scenario_sha256;  // of the resolved scenario that was fitted
  std::string trace;            // path as given
  std::string trace_digest;     // Trace::Digest()
  int64_t fit_samples = 0;      // the first ones in time order
  int64_t held_out_samples = 0;
  FidelityLimits limits;
  std::vector<FittedParameter> parameters;  // by function, then key
  std::vector<KpiFidelity> kpis;
  // Of a calibration by sampling.
  std::vector<FittedSetting> settings;
  std::optional<SamplingRecord> sampling;
  std::vector<CredibilityFactor> credibility;

  // nullptr if there is none.
  const KpiFidelity* Find(const std::string& kpi) const;
};

// Whether the numbers are within the limits; a NaN never is.
bool MeetsLimits(const KpiFidelity& kpi, const FidelityLimits& limits);

// Reads a profile. Nothing if anything in it is wrong: unknown keys, intervals
// upside down, a KPI that is called credible beyond the limits.
std::optional<CalibrationProfile> LoadCalibrationProfile(
    const std::string& path, Diagnostics* diagnostics);
// Its YAML text, which LoadCalibrationProfile reads back to the same.
std::string ToYamlText(const CalibrationProfile& profile);
// Writes it atomically. Throws Error.
void WriteCalibrationProfile(const CalibrationProfile& profile,
                             const std::string& path);

// Puts the parameters into the functions of `chain` that they name; parameters
// of unknown functions are left out. Times are rounded to the nanosecond.
void ApplyProfile(const CalibrationProfile& profile, ChainConfig* chain);

// The settings' posterior means as overrides of their keys: "a.b=1.5us".
std::vector<std::string> SettingOverrides(const CalibrationProfile& profile);

// Puts the parameters of the whole WLAN in place.
void ApplyProfile(const CalibrationProfile& profile, WlanConfig* wlan);

}  // namespace airlock
