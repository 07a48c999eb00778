#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/telemetry/trace.h"
#include "twin/drift/detector.h"
#include "twin/forecast/feature.h"
#include "twin/forecast/model.h"

namespace airlock {

// What of a trace is watched. Load varies all the time in a network and is no
// drift, so raw counters and KPIs make a poor choice wherever it does: they
// alarm with every step. What should not change is how the host responds to a
// given load. Hence three treatments:
//   kRaw       the column itself;
//   kPerUnit   the column divided by the first `load` column that the trace has
//              (busy time per offered packet, say); missing where that is 0;
//   kResidual  the column minus what a model fitted on the reference expects at
//              this load, divided by the mean absolute residual that a second
//              model expects at this load (queues are noisier when busy).
struct MonitorOptions {
  enum class Treatment { kRaw, kPerUnit, kResidual };
  Treatment treatment = Treatment::kResidual;
  // Watched columns. By default what a chain's health shows in: its latencies
  // and how busy its functions are.
  std::vector<FeaturePattern> include = {
      {Role::kKpi, {}, "latency_*", 0},
      {Role::kCounter, Scope::kFunction, "*.busy", 0}};
  std::vector<FeaturePattern> exclude;
  // The columns that say what the load is; all that the trace has are used.
  // They are not watched themselves.
  std::vector<std::string> load = {"offered_rate", "offered_packet_rate",
                                   "packet_size"};
  // kResidual: how many earlier samples of the load the models also see, and
  // the forecaster used for level and spread.
  int64_t load_lags = 2;
  std::string forecaster = "xgboost";
  // kResidual: contiguous folds; the reference residual of a fold comes from a
  // model that has not seen it, so it is as large as those met later.
  int64_t folds = 5;
  uint64_t seed = 1;
};
const char* ToString(MonitorOptions::Treatment treatment);
// Throws InputError that lists the known ones.
MonitorOptions::Treatment ParseTreatment(const std::string& text);

// Residuals in units of the spread that is expected, never less than `least`.
std::vector<double> StandardisedResiduals(const std::vector<double>& observed,
                                          const std::vector<double>& expected,
                                          const std::vector<double>& spread,
                                          double least);

// Features of consecutive samples of a trace; row-major.
struct MonitoredSamples {
  int64_t first = 0;  // sample of the trace that row 0 is about
  std::vector<double> values;
};

// Turns samples of a trace into the features that a detector watches. Fitted on
// a reference; owns the models of the residuals, not the reference.
class Monitor {
 public:
  // Throws InputError if no column matches or no load column exists where one
  // is needed. Columns that are constant or mostly missing in the reference
  // have no model and are watched raw.
  static Monitor Fit(const Trace& reference, const MonitorOptions& options,
                     DriftReference* features);
  // ToText() is JSON; FromText throws InputError for a text that is not.
  static Monitor FromText(const std::string& text);
  std::string ToText() const;

  const std::vector<std::string>& features() const { return names_; }
  // Of each feature: its unit, and whether it is the response to a load rather
  // than a quantity as it is.
  std::vector<std::string> units() const;
  std::vector<bool> responses() const;
  // The columns that are read, sorted; and how many earlier samples are needed.
  std::vector<std::string> Columns() const;
  int64_t lags() const { return lags_; }
  // The first `load_lags` samples have no row if a residual is watched. Throws
  // InputError naming columns that are missing or in another unit.
  MonitoredSamples Apply(const Trace& trace) const;
  // The same with a row for every sample; residuals that have no past are NaN.
  std::vector<double> Rows(const Trace& trace) const;
  // The error that Apply() throws.
  void CheckColumns(const Trace& trace) const;

 private:
  struct Watched {
    std::string column;
    std::string unit;
    MonitorOptions::Treatment treatment = MonitorOptions::Treatment::kRaw;
    std::shared_ptr<const ForecastModel> level;   // kResidual
    std::shared_ptr<const ForecastModel> spread;  // kResidual
    double least_spread = 0;                      // kResidual
  };
  std::vector<double> ValuesOf(const Watched& watched,
                               const Trace& trace) const;

  std::vector<Watched> watched_;
  std::vector<std::string> names_;  // "latency_p99", "residual latency_p99"
  std::string per_unit_of_;         // kPerUnit: the load column
  std::string per_unit_unit_;
  int64_t lags_ = 0;
};

}  // namespace airlock
