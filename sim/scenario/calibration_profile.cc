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

void ApplyProfile(const CalibrationProfile& profile, WlanConfig* wlan) {
  for (const FittedParameter& parameter : profile.parameters) {
    const WlanKey* key = FindWlanKey(parameter.key);
    if (key == nullptr || key->set == nullptr) continue;
    if (parameter.function == kWholeWlan) key->set(parameter.value, wlan);
  }
}

}  // namespace airlock
