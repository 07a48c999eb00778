#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/telemetry/trace.h"
#include "twin/drift/detector.h"
#include "twin/drift/explanation.h"
#include "twin/drift/model_monitor.h"
#include "twin/drift/monitor.h"
#include "twin/drift/open_changes.h"

namespace airlock {

// One finding of `airlock drift watch`.
struct DriftAlarm {
  DriftState state = DriftState::kDrift;
  int64_t sample = 0;  // of the stream, counted from its first
  double time_seconds = 0;
  double statistic = 0;
  double threshold = 0;
  std::string feature;  // the one that moved most
  double feature_statistic = 0;
  bool about_model = false;  // its errors or misses, not what is watched
  // A repeat of an alarm about a change that is not over is no news.
  Continuation continuation;
  DriftExplanation explanation;

  // One line, then the explanation's unless it is a repeat.
  std::string ToText() const;
  nlohmann::json ToJson() const;
};

struct DriftWatch {
  int64_t samples = 0;
  std::vector<DriftAlarm> alarms;  // in time order, repeats among them
  std::vector<ChangeEnd> ends;     // of changes that alarms told of
  int64_t warnings = 0;            // samples spent in DriftState::kWarning
  bool drift() const { return !alarms.empty(); }
  int64_t repeats() const;  // alarms that tell nothing new
  // What came after this one.
  void Append(DriftWatch later);
  std::string ToText() const;
  std::string ToJson() const;
};

// The models that a node runs while it watches.
struct WatchedModels {
  std::shared_ptr<const ForecastModel> champion;  // null: none
  std::shared_ptr<const ForecastModel> previous;  // the champion before
  // When the champion was promoted, in the stream's time; NaN: unknown.
  double promoted_seconds = std::numeric_limits<double>::quiet_NaN();
};

// A monitor and its detector: what a node needs to watch a stream. One JSON
// file holds it, with the detector's window and as many of the newest samples
// as the next one's past needs, so that a node that restarts goes on where it
// was, bit by bit, however the stream is cut into traces.
class DriftTrigger {
 public:
  // `interval_seconds`: between two samples of the reference.
  DriftTrigger(Monitor monitor, std::unique_ptr<DriftDetector> detector,
               Explainer explainer, std::string reference_digest,
               double interval_seconds);

  // Throws Error on I/O, InputError with the path for a file that is not a
  // trigger, is corrupt, or of another version.
  static DriftTrigger Load(const std::string& path);
  // `companion`: a JSON text that a caller wants to be in step with it.
  void Save(const std::string& path,
            const std::string& companion = "null") const;
  // What the file had that it was loaded from.
  const std::string& companion() const { return companion_; }

  // Looks at the champion's errors too from now on, for a trigger that was
  // calibrated with it. Throws InputError if that was another model.
  void Use(WatchedModels models);
  // Feeds the next samples of the stream and says what was found. A sample more
  // than one and a half reference intervals after the one before has no past,
  // nor has one that the attribute `segment_starts` names. The first of a
  // stream that lack the past that the monitor needs are not watched. Throws
  // InputError, its state as before, if columns are missing or in another unit
  // (all are named), or a time does not come after the one before.
  DriftWatch Watch(const Trace& trace);
  // The stream's clock begins anew: the next sample may have any time, and has
  // no past.
  void RestartClock();
  // Forgets the stream, not what was learnt.
  void Reset();

  // Of the stream so far. The time of the last is NaN if there is none.
  int64_t samples() const { return samples_; }
  double last_seconds() const { return last_seconds_; }

  const Monitor& monitor() const { return monitor_; }
  const DriftDetector& detector() const { return *detector_; }
  DriftDetector* mutable_detector() { return detector_.get(); }
  const std::optional<ModelMonitor>& model_monitor() const {
    return model_monitor_;
  }
  void set_model_monitor(ModelMonitor monitor) {
    model_monitor_ = std::move(monitor);
  }
  const std::string& reference_digest() const { return reference_digest_; }
  // Equal for a trigger and what it became while watching.
  const std::string& identity() const { return identity_; }

 private:
  DriftTrigger() = default;
  void CheckTimes(const Trace& trace) const;
  std::vector<std::string> NeededColumns() const;
  int64_t Lookback() const;
  int64_t LabelDelay() const;
  void WatchSegment(const Trace& trace, int64_t begin, int64_t end,
                    DriftWatch* watch);
  // Predictions by sample of `trace`; NaN where there is none. `quantiles` is
  // null or becomes what the model's quantile forecasts say, by sample; empty
  // if it has none.
  std::vector<double> Predict(
      const ForecastModel& model, const Trace& trace,
      std::vector<std::vector<BaseInterval>>* quantiles) const;
  void WatchFeatures(const double* row, DriftState state, DriftWatch* watch);
  void WatchModel(const LabelledPrediction& labelled, DriftWatch* watch);
  void Raise(const DriftDetector& detector, const DriftExplanation& explanation,
             const Continuation& continuation, bool about_model,
             DriftWatch* watch) const;

  Monitor monitor_;
  std::unique_ptr<DriftDetector> detector_;
  Explainer explainer_;
  std::optional<ModelMonitor> model_monitor_;
  OpenChanges open_;      // of what the detector watches
  WatchedModels models_;  // not saved
  std::string reference_digest_;
  std::string identity_;
  std::string companion_ = "null";
  double interval_seconds_ = 0;

  // The stream.
  Trace tail_;  // the newest samples of its segment, needed columns only
  int64_t samples_ = 0;
  int64_t fed_ = 0;  // rows that the detector was fed
  double last_seconds_ = std::numeric_limits<double>::quiet_NaN();
};

// Feeds `stream` to the trigger sample by sample and appends its statistic
// after each to `*statistic`. Returns what trigger->Watch(stream) would; throws
// as it does, with what came before fed.
DriftWatch WatchWithStatistic(const Trace& stream, DriftTrigger* trigger,
                              std::vector<double>* statistic);

// `airlock drift calibrate`: learns from `reference` what no drift looks like.
DriftTrigger CalibrateDrift(const Trace& reference,
                            const MonitorOptions& monitor,
                            const DriftOptions& options);
// The same for a trigger that also watches the errors of `model`, learnt from
// its predictions for the samples of `labelled` from `begin` on. What is
// watched and the model each alarm after twice the expected run length, so
// that together they keep it.
DriftTrigger CalibrateDriftWithModel(const Trace& reference,
                                     const MonitorOptions& monitor,
                                     const DriftOptions& options,
                                     const ForecastModel& model,
                                     const Trace& labelled, int64_t begin);

}  // namespace airlock
