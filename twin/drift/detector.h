#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/stats/interval.h"
#include "twin/drift/change_statistic.h"
#include "twin/drift/null_model.h"

namespace airlock {

enum class DriftState { kStable, kWarning, kDrift };
const char* ToString(DriftState state);

// What is done to a feature before the statistic sees it.
enum class Conditioning {
  // What the reference asks for: the part that its own past foretells is taken
  // off (see whitening.h), the rest becomes normal scores of its rank among the
  // reference's (see rank_scores.h). Streams of 0 and 1, and statistics of such
  // streams, are taken as they are.
  kAuto,
  kScores,  // ranks only
  kNone,    // the values themselves
};
const char* ToString(Conditioning conditioning);

struct DriftOptions {
  std::string detector = "rank-bank";  // a row of ChangeStatistics()
  // Expected run length without drift: the mean number of samples fed to the
  // detector until its first alarm while nothing changes, its start-up
  // included.
  double ert = 10000;
  // Thresholds of the publication instead of ERT, values as they are.
  bool classic = false;
  // By name; what is not named has the publication's value.
  std::map<std::string, double> parameters;
  Conditioning conditioning = Conditioning::kAuto;
  NullModelOptions null_model;
  // Simulated runs; the mean run length is then known to about
  // 2 / sqrt(replications).
  int64_t replications = 1000;
  // The most values that all features' statistics together are fed while
  // calibrating; fewer runs are made where that is not enough.
  double most_updates = 1e8;
  uint64_t seed = 1;
};

// What is known of one feature after an Update.
struct FeatureFinding {
  int64_t feature = -1;
  double evidence = std::numeric_limits<double>::quiet_NaN();
  double threshold = 0;  // of this feature's evidence
  double warning = 0;
  // Samples that this evidence would take to appear without drift, on average:
  // the scale on which features compare. NaN with classic parameters.
  double run_length = std::numeric_limits<double>::quiet_NaN();
  // The chance of as much evidence within a twentieth of the ERT without drift,
  // and Holm's adjustment for the number of features. NaN with classic
  // parameters.
  double p_value = std::numeric_limits<double>::quiet_NaN();
  double adjusted_p_value = std::numeric_limits<double>::quiet_NaN();
  bool moved = false;  // adjusted p below 5 %, or above its own threshold
  // It is its being missing that changed.
  bool missing = false;
  // Newest samples that belong to the time after its change: by the statistic's
  // own reckoning, else since its evidence last rose above its warning level.
  // -1: unknown.
  int64_t samples_since_change = -1;
};

// How the thresholds were found.
struct DriftCalibration {
  Interval
      run_length;  // simulated mean at the thresholds, 95 %; NaN if classic
  int64_t runs = 0;
  // Mean run length of one feature for which all together have the ERT.
  double marginal_run_length = std::numeric_limits<double>::quiet_NaN();
  std::string null_model;                // how streams without drift were drawn
  std::vector<std::string> preparation;  // one a feature, as a sentence
  std::vector<std::string> warnings;     // for people
};

// Watches a stream of feature vectors for a change of distribution. After an
// alarm it starts afresh (adaptive windows keep their recent part), so false
// alarms are ERT samples apart on average. Owns its state; never the reference.
class DriftDetector {
 public:
  virtual ~DriftDetector() = default;

  virtual std::string name() const = 0;
  virtual const std::vector<std::string>& feature_names() const = 0;
  int64_t features() const {
    return static_cast<int64_t>(feature_names().size());
  }
  virtual const DriftOptions& options() const = 0;
  virtual const DriftCalibration& calibration() const = 0;

  // Takes one sample of features() values; what is not finite is missing.
  // Throws InputError, its state unharmed, for a value that the statistic
  // cannot take (2 as an error indicator).
  virtual DriftState Update(const double* x) = 0;
  // Samples taken since the last start, which is an alarm or Reset().
  virtual int64_t samples() const = 0;
  // Of the last Update, before the alarm made it start afresh: evidence and
  // thresholds of the feature that moved most, by run length; alarm means
  // statistic() >= threshold(). NaN and -1 until there are enough samples.
  virtual double statistic() const = 0;
  virtual double threshold() const = 0;
  virtual double warning_threshold() const = 0;
  virtual int64_t most_moved() const = 0;
  // Every feature's evidence; empty until there are enough samples.
  virtual std::vector<double> feature_statistics() const = 0;
  // Every feature, the most moved first; which of them moved, and since when.
  // Costs a sort: for alarms, not for every sample.
  virtual std::vector<FeatureFinding> Findings() const = 0;
  // Features whose values are missing as they were not in the reference: one
  // alarm is raised when a feature is lost, none while it is; ascending.
  virtual std::vector<int64_t> LostFeatures() const = 0;
  // The feature among those that moved whose change is oldest; -1 if none.
  int64_t MovedFirst() const;

  // Forgets the stream, not the reference.
  virtual void Reset() = 0;
  // Everything as JSON text: a detector restored by LoadDriftDetector() goes on
  // bit-identically.
  virtual std::string Save() const = 0;
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

// Learns what no drift looks like and finds the thresholds by simulating run
// lengths. Throws InputError (naming what is known) for an unknown detector or
// parameter, a value out of its range, a feature without values, a reference
// too short, an ERT too short or too long to tell.
std::unique_ptr<DriftDetector> CalibrateDriftDetector(
    const DriftReference& reference, const DriftOptions& options);
std::unique_ptr<DriftDetector> LoadDriftDetector(const std::string& text);

}  // namespace airlock
