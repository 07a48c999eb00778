#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "twin/forecast/feature.h"
#include "twin/forecast/preparation_record.h"
#include "twin/forecast/samples.h"

namespace airlock {

// What preparation knows of a feature, all from the training rows.
struct FeatureFacts {
  Feature feature;
  double minimum = 0;
  double maximum = 0;
  double median = 0;  // stands in for a missing value
  double mean = 0;
  double standard_deviation = 1;
  int64_t missing = 0;  // training rows in which it was missing
  // Raw values as high as this are missing (SampleOptions::timeouts).
  double timeout = std::numeric_limits<double>::infinity();
};

// Each step can be switched off. What cannot: a feature without a single value
// or with a single one has no scale, so it is dropped in any case.
struct PreparationOptions {
  // A feature missing in more than this share of the training rows is dropped;
  // below it, missing values are replaced by the training median. Infinite
  // values and time-outs are missing too. 1 keeps all.
  double maximum_missing = 0.05;
  // A feature that wanders off is dropped: of the last third of the training
  // rows more than this share lies outside the range of the rows before (free
  // memory, totals since boot, ...). Such a feature tells the time, and every
  // later sample lies outside its training range. 1 keeps all.
  double maximum_drift = 0.5;
  // Of features that are equal, or equal up to a linear map within `rounding`
  // of their range in every training row, only the first is kept: copies add
  // nothing but time, and divide a linear model's weight at random.
  bool duplicates = true;
  double rounding = 1e-6;
  // At horizon 0, drops a feature that is the target itself (equal up to a
  // linear map within 1e-9 of its range): it would explain everything. 0 keeps.
  bool target_copies = true;
};

// Cleans and standardises features. Fitted on training rows alone, then applied
// to any row.
class Preparation {
 public:
  Preparation() = default;
  explicit Preparation(std::vector<FeatureFacts> kept)
      : kept_(std::move(kept)) {}

  // Learns from `training` (columns as `features`, rows as BuildSamples makes
  // them for `problem`) and returns the cleaned, standardised rows that are
  // whole and have a target. Adds what it did to `record`. Throws InputError if
  // fewer than 20 rows, no feature or no varying target is left.
  SampleTable Fit(const std::vector<Feature>& features,
                  const SampleTable& training, const ForecastProblem& problem,
                  const PreparationOptions& options, PreparationRecord* record);

  // Standardises one raw row of features().size() values into `out`. Returns
  // how many lie outside the training range; `*imputed` is raised by the number
  // of missing ones (NaN, infinite or a time-out). Allocates nothing.
  int64_t Apply(const double* raw, double* out, int64_t* imputed) const;

  const std::vector<FeatureFacts>& features() const { return kept_; }

 private:
  std::vector<FeatureFacts> kept_;
};

// A note for each feature's column that was counted for less than `least`
// percent of the time, by the trace's attributes `running_percent.COLUMN` (perf
// counts more events than the processor has counters in turns, and scales):
// its values are estimates, and noisy. In the features' order.
std::vector<std::string> CountingNotes(const Trace& trace,
                                       const std::vector<Feature>& features,
                                       double least = 50);

}  // namespace airlock
