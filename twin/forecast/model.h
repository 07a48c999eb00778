#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/telemetry/trace.h"
#include "twin/forecast/adaptive_intervals.h"
#include "twin/forecast/feature.h"
#include "twin/forecast/forecaster.h"
#include "twin/forecast/preparation.h"
#include "twin/forecast/quantile_intervals.h"
#include "twin/forecast/samples.h"

namespace airlock {

// The predictions for a trace, one for each of its samples that has them.
struct Predictions {
  std::vector<int64_t> origin;      // the sample at which it was made
  std::vector<double> value;        // of the target at origin + horizon
  std::vector<double> observed;     // NaN where the trace does not have it
  std::vector<double> last_target;  // newest target known at the origin
  // By prediction, one for each level of the model's quantile intervals; empty
  // if it has none.
  std::vector<std::vector<BaseInterval>> quantiles;
  // By prediction: how many features lie outside their training range.
  std::vector<int64_t> outside;
  // Samples left out because a shifted feature lies beyond the trace's ends, or
  // the forecaster needs the target's past and it is missing.
  int64_t skipped = 0;
  int64_t imputed_values = 0;
  // Samples with at least one feature outside its training range, and for each
  // feature of the model how many samples it was outside.
  int64_t samples_outside = 0;
  std::vector<int64_t> outside_by_feature;
};

// What a fitted model consists of.
struct ModelParts {
  ForecastProblem problem;
  std::string target_unit;
  Preparation preparation;
  PreparationRecord record;
  std::shared_ptr<const Forecaster> forecaster;
  std::string trainer;  // the name of what trained the forecaster
  // What it was made with (trainer, parameters, seed, preparation ...), for
  // the record: a JSON object as text.
  std::string configuration = "{}";
  int64_t training_samples = 0;
  std::string training_digest;
  // Prediction intervals, calibrated on errors made out of sample.
  std::optional<AdaptiveIntervals> intervals;
  // In their place: intervals as wide as the features say.
  std::optional<QuantileIntervals> quantile_intervals;
  // How it was chosen and how it scored, for people: a JSON object as text.
  std::string report = "{}";
};

// A fitted pipeline: features with their units and training ranges, the scaler,
// and a forecaster. One JSON file (FORMAT in model.cc) holds it whole.
class ForecastModel {
 public:
  // Throws InputError if a forecaster reads more features than there are.
  explicit ForecastModel(ModelParts parts);

  // Throws Error on I/O, InputError with the path for a file that is not a
  // model, is corrupt (digest), or of a newer version.
  static ForecastModel Load(const std::string& path);
  static ForecastModel FromText(const std::string& text,
                                const std::string& name_for_messages);
  void Save(const std::string& path) const;
  std::string ToText() const;

  // Throws InputError naming every column of the model that the trace lacks or
  // has in another unit. The order of columns does not matter. The target need
  // not be there.
  void CheckCompatible(const Trace& trace) const;

  // Predictions for origins [begin, end) of the trace; features may reach back
  // before `begin`. Checks compatibility.
  Predictions Predict(const Trace& trace, int64_t begin, int64_t end) const;
  Predictions Predict(const Trace& trace) const;

  // One prediction: `raw` holds the features' values in the order of
  // features(), in their units, and `last_target` is what
  // forecaster().Predict() wants. Allocates nothing. `*outside` (may be null)
  // becomes the number of features outside their training range.
  double PredictSample(const double* raw, double last_target,
                       int64_t* outside) const;

  // What the quantile forecasts say of the same values, one for each level.
  // AIRLOCK_CHECKs that the model has them.
  std::vector<BaseInterval> QuantilesOfSample(const double* raw) const;

  // The raw features of every sample of `trace`, as PredictSample wants them.
  SampleTable Samples(const Trace& trace) const;

  const ForecastProblem& problem() const { return parts_.problem; }
  const std::string& target_unit() const { return parts_.target_unit; }
  const std::vector<FeatureFacts>& features() const {
    return parts_.preparation.features();
  }
  const Forecaster& forecaster() const { return *parts_.forecaster; }
  const std::string& trainer() const { return parts_.trainer; }
  const std::string& configuration() const { return parts_.configuration; }
  const PreparationRecord& record() const { return parts_.record; }
  // As calibrated; a node copies it and lets the copy follow its stream.
  const std::optional<AdaptiveIntervals>& intervals() const {
    return parts_.intervals;
  }
  const std::optional<QuantileIntervals>& quantile_intervals() const {
    return parts_.quantile_intervals;
  }
  const std::string& report() const { return parts_.report; }
  // The same model with another report, or other intervals.
  ForecastModel WithReport(const std::string& report) const;
  ForecastModel WithIntervals(std::optional<AdaptiveIntervals> intervals) const;
  // Throws InputError if they read more features than there are.
  ForecastModel WithQuantileIntervals(QuantileIntervals intervals) const;
  // How many samples, from its trace's first on, it was fitted on.
  int64_t training_samples() const { return parts_.training_samples; }
  // Digest of the training samples, and of the problem, their number and the
  // configuration.
  const std::string& training_digest() const { return parts_.training_digest; }
  const std::string& configuration_digest() const {
    return configuration_digest_;
  }
  // The longest look back of a feature, in samples (>= 0).
  int64_t LongestLag() const;

 private:
  void CheckInputs(const std::string& forecaster, int64_t inputs) const;

  ModelParts parts_;
  std::string configuration_digest_;
};

// Bytes of the model's file.
int64_t ModelSizeBytes(const ForecastModel& model);

// Wall-clock time of PredictSample over the trace's samples, `repeats` times:
// microseconds a sample, the median of the repeats.
double MicrosecondsPerSample(const ForecastModel& model, const Trace& trace,
                             int repeats);

}  // namespace airlock
