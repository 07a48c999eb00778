#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "twin/drift/divergence.h"
#include "twin/drift/null_model.h"

namespace airlock {

enum class DriftState { kStable, kWarning, kDrift };
const char* ToString(DriftState state);

// Watches a stream of feature vectors for a change of distribution. Configured
// by its expected run length without drift (ERT): the mean number of samples
// fed to it until its first alarm while nothing changes, its start-up included.
// After an alarm it starts afresh, so false alarms are ERT samples apart on
// average. Owns its window; never the reference samples.
class DriftDetector {
 public:
  virtual ~DriftDetector() = default;

  virtual std::string name() const = 0;
  virtual int64_t features() const = 0;
  // Takes one sample of features() values; NaN is a missing value.
  virtual DriftState Update(const double* x) = 0;
  // Of the last Update: the statistic that is compared, its thresholds, each
  // feature's share in it, and the feature that moved most. NaN and -1 until
  // there are enough samples.
  virtual double statistic() const = 0;
  virtual double threshold() const = 0;
  virtual double warning_threshold() const = 0;
  virtual std::vector<double> feature_statistics() const = 0;
  virtual int64_t most_moved() const = 0;
  // Forgets the stream, not the reference.
  virtual void Reset() = 0;
  // Everything, the window included, as JSON text: a detector restored by
  // LoadDriftDetector() goes on bit-identically.
  virtual std::string Save() const = 0;
};

// How the features' statistics become one.
enum class Combination {
  kMean,  // mean of the divergences
  // The largest of (divergence - its null mean) / its null standard deviation:
  // features of unequal bias and correlation weigh the same. The threshold is
  // simulated for all features jointly; with independent features it is that
  // of Sidak's correction.
  kMax,
};

struct DriftOptions {
  std::string detector = "jensen-shannon";
  double ert = 10000;    // samples; must exceed the window
  int64_t window = 100;  // samples
  int64_t bins = 10;
  // Fixed bins have equal width over the reference's range.
  enum class Binning { kQuantile, kFixed } binning = Binning::kQuantile;
  LogBase unit = LogBase::kNats;
  Combination combination = Combination::kMax;
  // A threshold on the combined divergence in `unit`, instead of ERT. Only with
  // kMean, or with kMax on the plain divergences. NaN: calibrate.
  double threshold = kCalibrate;
  NullModelOptions null_model;
  int64_t replications = 200;  // simulated runs
  uint64_t seed = 1;

  static const double kCalibrate;
};

// The reference: samples x features, row-major, in time order.
struct DriftReference {
  std::vector<std::string> features;
  std::vector<double> values;
  int64_t samples() const {
    return features.empty()
               ? 0
               : static_cast<int64_t>(values.size() / features.size());
  }
};

struct DetectorEntry {
  const char* name;
  std::unique_ptr<DriftDetector> (*calibrate)(const DriftReference&,
                                              const DriftOptions&);
  std::unique_ptr<DriftDetector> (*load)(const std::string&);
  const char* description;
};
const std::vector<DetectorEntry>& DriftDetectors();

// Builds the reference histograms and finds the thresholds by simulating run
// lengths. Throws InputError (naming the known detectors for an unknown one)
// for: a reference shorter than two windows, an ERT not above the window, bins
// < 2, a threshold not in (0, bound).
std::unique_ptr<DriftDetector> CalibrateDriftDetector(
    const DriftReference& reference, const DriftOptions& options);
std::unique_ptr<DriftDetector> LoadDriftDetector(const std::string& text);

}  // namespace airlock
