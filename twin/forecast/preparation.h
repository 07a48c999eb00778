#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "twin/forecast/feature.h"
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
};

struct PreparationOptions {
  // A feature missing in more than this share of the training rows is dropped;
  // below it, missing values are replaced by the training median.
  double maximum_missing = 0.05;
  // A feature that wanders off is dropped: of the last third of the training
  // rows more than this share lies outside the range of the rows before (free
  // memory, totals since boot, ...). Such a feature tells the time, and every
  // later sample lies outside its training range. 1 keeps all.
  double maximum_drift = 0.5;
};

// What preparation did, for the record.
struct PreparationRecord {
  std::vector<DroppedColumn> dropped;  // by selection or preparation
  int64_t rows_without_target = 0;     // dropped rows of the training
  int64_t imputed_values = 0;          // in the training rows
  int64_t training_rows = 0;
};

// Cleans and standardises features. Fitted on training rows alone, then applied
// to any row. Dropped: all-missing, mostly missing and constant features, those
// that wander off, and at horizon 0 one that is the target itself (equal up to
// a linear map within 1e-9 of its range on every training row).
class Preparation {
 public:
  Preparation() = default;
  explicit Preparation(std::vector<FeatureFacts> kept)
      : kept_(std::move(kept)) {}

  // Learns from `training` (columns as `features`) and returns the cleaned,
  // standardised rows that have a target. Throws InputError if fewer than 20
  // rows or no feature is left.
  SampleTable Fit(const std::vector<Feature>& features,
                  const SampleTable& training, int64_t horizon,
                  const PreparationOptions& options, PreparationRecord* record);

  // Standardises one raw row of features().size() values into `out`. Returns
  // how many lie outside the training range; `*imputed` is raised by the number
  // of missing ones.
  int64_t Apply(const double* raw, double* out, int64_t* imputed) const;

  const std::vector<FeatureFacts>& features() const { return kept_; }

 private:
  std::vector<FeatureFacts> kept_;
};

}  // namespace airlock
