#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "twin/drift/detector.h"
#include "twin/drift/rank_scores.h"
#include "twin/drift/recommendation.h"

namespace airlock {

// Middle and width of a set of values: the mean, the median, and the
// interquartile range over 1.349 (a normal distribution's standard deviation).
// NaN of no value.
struct Level {
  int64_t values = 0;
  double mean = std::numeric_limits<double>::quiet_NaN();
  double median = std::numeric_limits<double>::quiet_NaN();
  double spread = std::numeric_limits<double>::quiet_NaN();
};
Level LevelOf(std::vector<double> values);  // NaN: missing

// Counts of the reference and of the time since the change in the same bins:
// bin i of the inner ones is [edges[i - 1], edges[i]), the first is all below
// edges.front(), the last all from edges.back() on. Edges have the feature's
// unit.
struct PairedHistogram {
  std::vector<double> edges;
  std::vector<int64_t> reference;
  std::vector<int64_t> current;
};

// One feature that moved.
struct MovedFeature {
  std::string name;
  std::string unit;
  FeatureFinding finding;
  bool response = false;  // to the load, not a quantity as it is
  int64_t since_sample = 0;
  double since_seconds = 0;
  // Where that comes from: the statistic's own reckoning, or the maximum of
  // the likelihood over the recent samples.
  bool likelihood = false;
  int64_t samples = 0;       // since the change, missing values included
  Level before;              // the reference
  Level after;               // since the change
  double shift = 0;          // of the median, in reference standard deviations
  double spread_ratio = 0;   // after over before
  double outside_share = 0;  // of values since the change beyond the reference
  PairedHistogram histogram;
};

// Everything that an alarm is explained by.
struct DriftExplanation {
  std::vector<MovedFeature> moved;  // strongest evidence first
  std::string moved_first;          // of them; empty if none
  // Since when the strongest has moved.
  int64_t since_sample = 0;
  double since_seconds = 0;
  DriftCircumstances circumstances;
  Recommendation recommendation;

  std::string ToText() const;  // lines, indented by two blanks
  nlohmann::json ToJson() const;
};

// Where a standard normal sequence most likely took another mean and variance:
// how many of its last values belong to the time after, at least 3. The maximum
// of the logarithmic likelihood ratio with the mean and the variance (a tenth
// at least) of the last n estimated (Csorgo and Horvath 1997, section 1.3, with
// a known distribution before). NaN values count and are passed over. All of
// them if fewer than 3 are known.
int64_t SamplesSinceLikeliestChange(const std::vector<double>& scores);

// Remembers what explains an alarm: of each feature of the reference a summary,
// and the newest rows of features. Owns both. An update costs O(features).
class Explainer {
 public:
  Explainer() = default;
  // `units` one a feature; `response`: whether it is a response to the load.
  Explainer(const DriftReference& reference, std::vector<std::string> units,
            std::vector<bool> response);

  // A row that the detector is fed, with its place in the stream.
  void Add(int64_t sample, double seconds, const double* row);
  void Reset() { recent_.clear(); }
  // Of the alarm that the detector raised at the row added last. What the
  // caller knows of labels and the promotion is in `known`; the counts of
  // features are filled in here.
  DriftExplanation Explain(const DriftDetector& detector,
                           DriftCircumstances known) const;

  // What is not missing of the newest rows of a feature, oldest first.
  std::vector<double> Newest(int64_t feature, int64_t rows) const;

  // How many consecutive samples of a feature say as much as one independent
  // one, in the reference.
  double MemoryOf(int64_t feature) const {
    return features_[static_cast<size_t>(feature)].memory;
  }

  int64_t features() const { return static_cast<int64_t>(features_.size()); }
  // Rows that are remembered: 1000, fewer for more than 40 features, 100 at
  // least.
  int64_t capacity() const;

  void Save(nlohmann::json* state) const;
  // Throws nlohmann::json::exception or InputError.
  void Load(const nlohmann::json& state);

 private:
  struct Feature {
    std::string name;
    std::string unit;
    bool response = false;
    Level level;
    double deviation = 0;  // standard
    double least = 0;
    double most = 0;
    double memory = 1;  // autocorrelation time [samples]
    std::vector<double> edges;
    std::vector<int64_t> counts;
    RankScores ranks;
  };
  struct Row {
    int64_t sample = 0;
    double seconds = 0;
    std::vector<double> values;
  };
  MovedFeature Moved(const FeatureFinding& finding) const;
  int64_t SamplesSince(const FeatureFinding& finding, bool* likelihood) const;
  // The newest samples in which more are missing than not, by the most.
  int64_t SamplesSinceLoss(int64_t feature) const;

  std::vector<Feature> features_;
  std::deque<Row> recent_;
};

}  // namespace airlock
