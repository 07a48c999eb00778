#include "sim/scenario/calibration_profile.h"

#include <fmt/format.h>

#include <cmath>

#include "sim/base/file.h"
#include "sim/config/fields.h"

namespace airlock {
namespace {

int64_t Whole(double value) { return std::llround(value); }
SimTime WholeTime(double ns) { return SimTime(std::llround(ns)); }

// A key of a function that a calibration can set.
struct FittableKey {
  const char* key;
  const char* unit;
  double least;
  void (*set)(double value, ChainFunction* function);
};

const std::vector<FittableKey>& FittableKeys() {
  using F = ChainFunction;
  static const std::vector<FittableKey> kTable = {
      {"service.per_packet", "ns", 0,
       [](double v, F* f) { f->service.per_packet_ns = v; }},
      {"service.per_byte", "ns/B", 0,
       [](double v, F* f) { f->service.per_byte_ns = v; }},
      {"service.cv", "1", 0, [](double v, F* f) { f->service.cv = v; }},
      {"ring", "packet", 1, [](double v, F* f) { f->ring = Whole(v); }},
      {"batch", "packet", 1, [](double v, F* f) { f->batch = Whole(v); }},
      {"wakeup", "ns", 0, [](double v, F* f) { f->wakeup = WholeTime(v); }},
      {"contention_slope.cpu", "1", 0,
       [](double v, F* f) { f->contention_slope.cpu = v; }},
      {"contention_slope.cache", "1", 0,
       [](double v, F* f) { f->contention_slope.cache = v; }},
      {"contention_slope.memory", "1", 0,
       [](double v, F* f) { f->contention_slope.memory = v; }},
      {"contention_slope.io", "1", 0,
       [](double v, F* f) { f->contention_slope.io = v; }},
      {"stall_interval", "ns", 0,
       [](double v, F* f) { f->stall_interval = WholeTime(v); }},
      {"stall_slope.cpu", "1/s", 0,
       [](double v, F* f) { f->stall_slope.cpu = v; }},
      {"stall_slope.cache", "1/s", 0,
       [](double v, F* f) { f->stall_slope.cache = v; }},
      {"stall_slope.memory", "1/s", 0,
       [](double v, F* f) { f->stall_slope.memory = v; }},
      {"stall_slope.io", "1/s", 0,
       [](double v, F* f) { f->stall_slope.io = v; }},
      {"stall_duration", "ns", 0,
       [](double v, F* f) { f->stall_duration = WholeTime(v); }},
      {"quota_offset", "ns", 0,
       [](double v, F* f) { f->quota_offset = WholeTime(v); }},
  };
  return kTable;
}

// A key of a WLAN or of one of its links. Those without `set` are no key of a
// scenario: they say what else the measurement told.
struct WlanKey {
  const char* key;
  const char* unit;
  double least;
  void (*set)(double value, WlanConfig* wlan);
};

const std::vector<WlanKey>& WlanKeys() {
  using W = WlanConfig;
  constexpr double kAny = -1e6;  // no least
  static const std::vector<WlanKey> kTable = {
      {"path_loss_exponent", "1", kAny,
       [](double v, W* w) { w->path_loss_exponent = v; }},
      {"reference_loss_db", "dB", kAny,
       [](double v, W* w) { w->reference_loss_db = v; }},
      {"reference_loss_24ghz_db", "dB", kAny,
       [](double v, W* w) { w->reference_loss_24ghz_db = v; }},
      {"shadowing_db", "dB", 0, [](double v, W* w) { w->shadowing_db = v; }},
      {"shadowing_distance", "m", 0, nullptr},
      {"shadowing_heading", "1", 0, nullptr},
      {"rssi_at_1m", "dBm", kAny, nullptr},
      {"variation_in_place", "dB", 0, nullptr},
      {"rate.slope", "Mbit/s", 0, nullptr},
      {"rate.floor", "dBm", kAny, nullptr},
      {"rate.top", "Mbit/s", 0, nullptr},
      {"goodput_share", "1", 0, nullptr},
  };
  return kTable;
}

const WlanKey* FindWlanKey(const std::string& key) {
  for (const WlanKey& row : WlanKeys()) {
    if (key == row.key) return &row;
  }
  return nullptr;
}

const FittableKey* FindKey(const std::string& key) {
  for (const FittableKey& row : FittableKeys()) {
    if (key == row.key) return &row;
  }
  return nullptr;
}

std::vector<std::string> KeyNames() {
  std::vector<std::string> names;
  for (const FittableKey& row : FittableKeys()) names.push_back(row.key);
  for (const WlanKey& row : WlanKeys()) names.push_back(row.key);
  return names;
}

void CheckParameter(const FittedParameter& parameter, const Reporter& report) {
  const FittableKey* key = FindKey(parameter.key);
  const WlanKey* wlan_key = FindWlanKey(parameter.key);
  if (key == nullptr && wlan_key == nullptr) return;  // an unknown choice
  const char* const unit = key != nullptr ? key->unit : wlan_key->unit;
  const double least = key != nullptr ? key->least : wlan_key->least;
  if (parameter.unit != unit) {
    report.Error("unit",
                 "'" + parameter.unit + "' is not the unit of " + parameter.key,
                 std::string("write ") + unit);
  }
  if (!(parameter.value >= least)) {
    report.Error("value", "is below what " + parameter.key + " can be",
                 fmt::format("at least {}", least));
  }
  if (!(parameter.low <= parameter.high)) {
    report.Error("low", "is above high");
  }
}

void CheckCredible(const CalibrationProfile& profile, const Reporter& report) {
  for (size_t i = 0; i < profile.kpis.size(); ++i) {
    if (!profile.kpis[i].credible) continue;
    if (MeetsLimits(profile.kpis[i], profile.limits)) continue;
    report.Error(fmt::format("kpis.{}.credible", i),
                 "'" + profile.kpis[i].kpi +
                     "' is called credible but does not meet the limits");
  }
}

}  // namespace

void DeclareFields(Fields<FittedParameter>& f) {
  using T = FittedParameter;
  f.Add("function", &T::function,
        "Function of the chain; of a WLAN `wlan` for the whole, AP-STATION for "
        "a link.")
      .Required()
      .AsName();
  f.Add("key", &T::key, "Its key.").Required().OneOf(KeyNames);
  f.Add("unit", &T::unit, "Of the three numbers.").Required();
  f.Add("value", &T::value, "Posterior mean.").Required();
  f.Add("low", &T::low, "Lower end of the 90 % interval.").Required();
  f.Add("high", &T::high, "Upper end of the 90 % interval.").Required();
  f.Add("origin", &T::origin,
        "`fitted`: the trace informs it. `shared`: only together with "
        "those of other functions. `fixed`: the trace cannot tell.")
      .OneOf({"fitted", "shared", "fixed"});
  f.Add("note", &T::note, "Why it is fixed.");
  f.Check(CheckParameter);
}

void DeclareFields(Fields<FidelityLimits>& f) {
  using T = FidelityLimits;
  f.Add("w1_over_sd", &T::w1_over_sd, "At most.").AtLeast(0);
  f.Add("p99_error", &T::p99_error, "At most, in absolute value.").AtLeast(0);
  f.Add("coverage_low", &T::coverage_low, "At least.").Between(0, 1);
  f.Add("coverage_high", &T::coverage_high, "At most.").Between(0, 1);
}

void DeclareFields(Fields<KpiFidelity>& f) {
  using T = KpiFidelity;
  f.Add("kpi", &T::kpi, "Column of a trace.").Required().NotEmpty();
  f.Add("samples", &T::samples, "Held-out samples with a value.").AtLeast(0);
  f.Add("sd", &T::sd, "Of the measured values, in their unit.").MayBeNan();
  f.Add("w1_over_sd", &T::w1_over_sd,
        "Wasserstein-1 distance between measured and simulated, over sd.")
      .MayBeNan();
  f.Add("p50_error", &T::p50_error, "Relative error of the median.").MayBeNan();
  f.Add("p99_error", &T::p99_error, "Relative error of the 99th percentile.")
      .MayBeNan();
  f.Add("coverage", &T::coverage,
        "Share of the measured values inside the 90 % predictive interval.")
      .MayBeNan();
  f.Add("interval_width", &T::interval_width,
        "Mean width of that interval over sd.")
      .MayBeNan();
  f.Add("credible", &T::credible, "Whether the twin may be asked about it.");
  f.Add("reason", &T::reason, "Why it is not credible.");
}

void DeclareFields(Fields<FittedSetting>& f) {
  using T = FittedSetting;
  f.Add("name", &T::name, "Of the parameter.").Required().AsName();
  f.Add("keys", &T::keys, "Of the scenario, which all get the value.")
      .Required()
      .NotEmpty();
  f.Add("unit", &T::unit, "As the keys take it; empty: a bare number.");
  f.Add("value", &T::value, "Posterior mean.").Required();
  f.Add("low", &T::low, "Lower end of the 90 % interval.").Required();
  f.Add("high", &T::high, "Upper end of the 90 % interval.").Required();
  f.Add("r_hat", &T::r_hat, "Rank-normalised, of the sampler's chains.");
  f.Add("effective_samples", &T::effective_samples, "Of all chains.");
  f.Check([](const T& setting, const Reporter& report) {
    if (!(setting.low <= setting.high)) report.Error("low", "is above high");
  });
}

void DeclareFields(Fields<SamplingRecord>& f) {
  using T = SamplingRecord;
  f.Add("method", &T::method, "How the posterior was found.").Required();
  f.Add("engine_runs", &T::engine_runs, "All in all.").AtLeast(0);
  f.Add("plausible_shares", &T::plausible_shares,
        "Of the prior's volume, after each wave.")
      .Between(0, 1);
  f.Add("emulator_coverage", &T::emulator_coverage,
        "Share of outputs within two standard deviations of the emulator, each "
        "point left out in turn.")
      .MayBeNan();
  f.Add("emulator_error", &T::emulator_error,
        "Root mean square of the same differences over the output's spread.")
      .MayBeNan();
  f.Add("log_evidence", &T::log_evidence, "With the discrepancy term.")
      .MayBeNan();
  f.Add("log_evidence_without_discrepancy",
        &T::log_evidence_without_discrepancy, "Without.")
      .MayBeNan();
  f.Add("rank_simulations", &T::rank_simulations,
        "Of simulation-based calibration; 0: not asked for.")
      .AtLeast(0);
  f.Add("rank_chi_square", &T::rank_chi_square,
        "The greatest over the parameters.")
      .MayBeNan();
  f.Add("rank_limit", &T::rank_limit,
        "Its 95 % quantile if ranks are uniform, shared between parameters.")
      .MayBeNan();
}

void DeclareFields(Fields<CredibilityFactor>& f) {
  using T = CredibilityFactor;
  f.Add("factor", &T::factor, "In the manner of NASA-STD-7009.").Required();
  f.Add("level", &T::level, "0: nothing known.").Between(0, 4);
  f.Add("evidence", &T::evidence, "What was measured.");
}

void DeclareFields(Fields<CalibrationProfile>& f) {
  using T = CalibrationProfile;
  f.Add("schema", &T::schema, "Version of this format.")
      .Required()
      .Between(1, 1);
  f.Add("airlock_version", &T::airlock_version, "That wrote it.");
  f.Add("scenario_name", &T::scenario_name, "Scenario that was fitted.");
  f.Add("scenario_sha256", &T::scenario_sha256, "Its digest, resolved.")
      .Required();
  f.Add("trace", &T::trace, "Trace that it was fitted to.");
  f.Add("trace_digest", &T::trace_digest, "Its digest.").Required();
  f.Add("fit_samples", &T::fit_samples, "First ones, in time order, fitted.")
      .AtLeast(0);
  f.Add("held_out_samples", &T::held_out_samples, "Those judged on.")
      .AtLeast(0);
  f.Add("limits", &T::limits, "What a KPI must meet to be credible.");
  f.Add("parameters", &T::parameters, "By function, then key.");
  f.Add("kpis", &T::kpis, "How well the twin predicts.").UniqueBy("kpi");
  f.Add("settings", &T::settings, "Numbers of the scenario, by their keys.")
      .UniqueBy("name");
  f.Add("sampling", &T::sampling, "How their posterior was found.");
  f.Add("credibility", &T::credibility, "Factors with level and evidence.")
      .UniqueBy("factor");
  f.Check({"limits", "kpis"}, CheckCredible);
}

const KpiFidelity* CalibrationProfile::Find(const std::string& kpi) const {
  for (const KpiFidelity& row : kpis) {
    if (row.kpi == kpi) return &row;
  }
  return nullptr;
}

bool MeetsLimits(const KpiFidelity& kpi, const FidelityLimits& limits) {
  return kpi.w1_over_sd <= limits.w1_over_sd &&
         std::abs(kpi.p99_error) <= limits.p99_error &&
         kpi.coverage >= limits.coverage_low &&
         kpi.coverage <= limits.coverage_high;
}

std::optional<CalibrationProfile> LoadCalibrationProfile(
    const std::string& path, Diagnostics* diagnostics) {
  return LoadConfig<CalibrationProfile>(path, {}, diagnostics);
}

std::string ToYamlText(const CalibrationProfile& profile) {
  return ToYaml(profile);
}

void WriteCalibrationProfile(const CalibrationProfile& profile,
                             const std::string& path) {
  WriteFileAtomically(path, ToYamlText(profile));
}

void ApplyProfile(const CalibrationProfile& profile, ChainConfig* chain) {
  for (const FittedParameter& parameter : profile.parameters) {
    const FittableKey* key = FindKey(parameter.key);
    if (key == nullptr) continue;
    for (ChainFunction& function : chain->functions) {
      if (function.name == parameter.function) {
        key->set(parameter.value, &function);
      }
    }
  }
}

std::vector<std::string> SettingOverrides(const CalibrationProfile& profile) {
  std::vector<std::string> overrides;
  for (const FittedSetting& setting : profile.settings) {
    for (const std::string& key : setting.keys) {
      overrides.push_back(
          fmt::format("{}={:.12g}{}", key, setting.value, setting.unit));
    }
  }
  return overrides;
}

void ApplyProfile(const CalibrationProfile& profile, WlanConfig* wlan) {
  for (const FittedParameter& parameter : profile.parameters) {
    const WlanKey* key = FindWlanKey(parameter.key);
    if (key == nullptr || key->set == nullptr) continue;
    if (parameter.function == kWholeWlan) key->set(parameter.value, wlan);
  }
}

}  // namespace airlock
