#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/telemetry/trace.h"
#include "twin/forecast/feature.h"
#include "twin/forecast/forecaster.h"
#include "twin/forecast/preparation.h"
#include "twin/forecast/samples.h"

namespace airlock {

struct FitOptions {
  std::string forecaster = "xgboost";
  ForecasterOptions forecaster_options;
  PreparationOptions preparation;
};

// The predictions for a trace, one for each of its samples that has them.
struct Predictions {
  std::vector<int64_t> origin;      // the sample at which it was made
  std::vector<double> value;        // of the target at origin + horizon
  std::vector<double> observed;     // NaN where the trace does not have it
  std::vector<double> last_target;  // newest target known at the origin
  // Samples left out because a shifted feature lies beyond the trace's ends, or
  // the forecaster needs the target's past and it is missing.
  int64_t skipped = 0;
  int64_t imputed_values = 0;
  // Samples with at least one feature outside its training range, and for each
  // feature of the model how many samples it was outside.
  int64_t samples_outside = 0;
  std::vector<int64_t> outside_by_feature;
};

// A fitted pipeline: features with their units and training ranges, the scaler,
// and a forecaster. One JSON file (FORMAT in model.cc) holds it whole.
class ForecastModel {
 public:
  // Learns from the first `train_end` samples of the trace and looks at no
  // other. Throws InputError if they do not suffice.
  static ForecastModel Fit(const ForecastProblem& problem, const Trace& trace,
                           int64_t train_end, const FitOptions& options);

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
  // features(), in their units. Allocates nothing. `*outside` (may be null)
  // becomes the number of features outside their training range.
  double PredictSample(const double* raw, double last_target,
                       int64_t* outside) const;

  // The raw features of every sample of `trace`, as PredictSample wants them.
  SampleTable Samples(const Trace& trace) const;

  const ForecastProblem& problem() const { return problem_; }
  const std::string& target_unit() const { return target_unit_; }
  const std::vector<FeatureFacts>& features() const {
    return preparation_.features();
  }
  const Forecaster& forecaster() const { return *forecaster_; }
  const PreparationRecord& record() const { return record_; }
  // How many samples, from its trace's first on, it was fitted on.
  int64_t training_samples() const { return training_samples_; }
  // Digest of the training samples and of the configuration (problem,
  // forecaster, parameters, seed).
  const std::string& training_digest() const { return training_digest_; }
  const std::string& configuration_digest() const {
    return configuration_digest_;
  }
  // The longest look back of a feature, in samples (>= 0).
  int64_t LongestLag() const;

 private:
  ForecastProblem problem_;
  std::string target_unit_;
  FitOptions options_;
  Preparation preparation_;
  PreparationRecord record_;
  std::shared_ptr<const Forecaster> forecaster_;
  int64_t training_samples_ = 0;
  std::string training_digest_;
  std::string configuration_digest_;
};

// Wall-clock time of PredictSample over the trace's samples, `repeats` times:
// microseconds a sample, the median of the repeats.
double MicrosecondsPerSample(const ForecastModel& model, const Trace& trace,
                             int repeats);

}  // namespace airlock
