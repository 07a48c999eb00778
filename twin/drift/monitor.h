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
//   kPerUnit   the column divided by the sum of the `load` columns (cycles per
//              packet, say);
//   kResidual  the column minus what a model fitted on the reference expects at
//              this load, in standard deviations.
struct MonitorOptions {
  enum class Treatment { kRaw, kPerUnit, kResidual };
  Treatment treatment = Treatment::kResidual;
  std::vector<FeaturePattern> include = {{Role::kKpi, {}, "*", 0}};
  std::vector<FeaturePattern> exclude;
  // The columns that say what the load is; all that the trace has are used.
  // They are not watched themselves.
  std::vector<std::string> load = {"offered_rate", "offered_packet_rate",
                                   "packet_size"};
  // kResidual: earlier samples of the load that the model also sees, and the
  // forecaster that is used.
  int64_t load_lags = 2;
  std::string forecaster = "xgboost";
  // kResidual: contiguous folds; the reference residual of a fold comes from a
  // model that has not seen it, so it is as large as those met later.
  int64_t folds = 5;
  uint64_t seed = 1;
};
const char* ToString(MonitorOptions::Treatment treatment);

// Turns samples of a trace into the features that a detector watches. Fitted on
// a reference; owns the models of the residuals.
class Monitor {
 public:
  // Throws InputError if no column matches or no load column exists. Columns
  // that do not vary in the reference are watched raw.
  static Monitor Fit(const Trace& reference, const MonitorOptions& options);
  static Monitor FromText(const std::string& text);
  std::string ToText() const;

  const std::vector<std::string>& features() const { return names_; }
  // The reference's features, as Fit() made them.
  const DriftReference& reference() const { return reference_; }
  // samples x features, row-major. Throws InputError naming columns that are
  // missing or in another unit.
  std::vector<double> Apply(const Trace& trace) const;

 private:
  struct Watched {
    std::string column;
    std::string unit;
    MonitorOptions::Treatment treatment;
    std::shared_ptr<const ForecastModel> model;  // kResidual only
    double scale = 1;                            // of the residual
  };
  std::vector<Watched> watched_;
  std::vector<std::string> names_;
  std::vector<std::string> load_;
  std::vector<std::string> load_units_;
  DriftReference reference_;  // not saved
};

}  // namespace airlock
