#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sim/telemetry/trace.h"
#include "twin/drift/detector.h"
#include "twin/drift/explanation.h"
#include "twin/drift/open_changes.h"
#include "twin/forecast/model.h"

namespace airlock {

// A prediction whose label has come.
struct LabelledPrediction {
  int64_t sample = 0;  // at which it was made
  double seconds = 0;
  double predicted = 0;
  double observed = 0;
  // What the champion before would have said; NaN: unknown.
  double previous = std::numeric_limits<double>::quiet_NaN();
  // What the model's quantile forecasts said, one for each of their levels;
  // empty if it has none.
  std::vector<BaseInterval> quantiles;
};

struct ModelMonitorOptions {
  DriftOptions drift;  // detector, expected run length in labels, ...
  // Level of the interval whose misses are counted; the model's nearest.
  double level = 0.9;
};

// The model's health, once labels arrive: two streams, the error in units of
// the model's own interval scale, and the misses (0 or 1) of its interval as
// calibrated. Not of an interval that adapts: that one keeps its rate of
// misses whatever happens to the model. Where the intervals are pairs of
// quantile forecasts, errors are in the target's unit: the width of a pair may
// be 0. A model without intervals has the errors only, in the target's unit.
// One detector watches both, with one expected run length. Owns the detector,
// never the model.
class ModelMonitor {
 public:
  // Learns from the predictions for samples [begin, end) of `trace`, which the
  // model should not have been trained on. Throws InputError if fewer than 100
  // of them have a label, or what CalibrateDriftDetector() throws.
  static ModelMonitor Calibrate(const ForecastModel& model, const Trace& trace,
                                int64_t begin, int64_t end,
                                const ModelMonitorOptions& options);

  // Throws InputError, naming both, if `model` is not the one that it was
  // calibrated for.
  void CheckModel(const ForecastModel& model) const;
  // A label that is NaN changes nothing. `model` as checked.
  DriftState Update(const ForecastModel& model,
                    const LabelledPrediction& labelled);
  void Reset();

  // About the time since `since_sample`: how many labels, whether the error or
  // the misses grew as of the last label, and how the previous champion
  // compares.
  DriftCircumstances Since(int64_t since_sample) const;
  // Of an alarm at the last label.
  DriftExplanation Explain(double promoted_seconds) const;

  // What the alarm at the last label, explained so and raised at `sample`, is
  // to those before.
  Continuation Continue(const DriftExplanation& explanation, int64_t sample);
  // The changes that the last label showed to be over; in samples at which
  // predictions were made.
  const std::vector<ChangeEnd>& ends() const { return ends_; }

  const DriftDetector& detector() const { return *detector_; }
  int64_t labels() const { return labels_; }

  nlohmann::json Save() const;
  // Throws nlohmann::json::exception or InputError.
  static ModelMonitor Load(const nlohmann::json& state);

 private:
  // Error, and miss if the model has intervals.
  std::vector<double> Row(const ForecastModel& model,
                          const LabelledPrediction& labelled) const;

  struct Errors {
    int64_t sample = 0;
    double seconds = 0;
    double champion = 0;
    double previous = 0;
  };

  std::string model_name_;  // "target, 4 samples ahead"
  std::string training_digest_;
  std::string configuration_digest_;
  double level_ = std::numeric_limits<double>::quiet_NaN();
  std::unique_ptr<DriftDetector> detector_;
  Explainer explainer_;
  std::deque<Errors> recent_;
  OpenChanges open_;
  std::vector<ChangeEnd> ends_;  // not saved
  int64_t labels_ = 0;
};

// Samples between a time and the first of `since`, at the pace of the samples
// between; NaN if the time is.
double SamplesSincePromotion(double promoted_seconds, double since_seconds,
                             double interval_seconds);

// First sample of `trace` that the model was not trained on, as far as the
// digest of its training samples tells: they are looked for at the trace's
// start and at `first`. `first` where it was trained on something else.
int64_t FirstUnseen(const ForecastModel& model, const Trace& trace,
                    int64_t first);

}  // namespace airlock
