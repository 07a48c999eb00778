#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "twin/contention/contentiousness.h"
#include "twin/forecast/forecaster.h"

namespace airlock {

// What one co-location told about a target: what its competitors made together,
// its own traffic, and how much it got through.
struct SensitivitySample {
  ContentionVector competitors{};
  TrafficAttributes traffic;
  double packets_per_second = 0;  // of the target; to learn from, or unknown
};

// What a sensitivity model learns its numbers from.
enum class SensitivityLearner {
  // Gradient boosting over the contention vector and the traffic attributes:
  // 100 trees of depth 3, learning rate .1, as the reference has them.
  kBoosting,
  // A line over the competitors' references to the L3 cache a second, as
  // Dobrescu et al. ("Toward Predictable Performance in Software Packet-
  // Processing Platforms", NSDI 2012). Per traffic attributes.
  kCacheReferences,
  // A line over the competitors' occupancy of the L3 cache, as Bubble-Up (Mars
  // et al., MICRO 2011) measures pressure. Per traffic attributes.
  kCacheOccupancy,
  // What the target gets through without competitors, by its traffic
  // attributes: a constant in the contention. Where that was not measured, the
  // most that it got through.
  kSolo,
};
const char* ToString(SensitivityLearner learner);

// What a prediction can be believed for.
struct SensitivityAnswer {
  double packets_per_second = 0;
  // Why the question lies outside of what was learnt; empty if it does not.
  std::string outside;
};

// How a function's throughput depends on what others do on its socket.
// Immutable once learnt; owns what was learnt.
class SensitivityModel {
 public:
  // Throws InputError for fewer than 10 samples or values that are not finite.
  SensitivityModel(std::string function,
                   const std::vector<SensitivitySample>& samples,
                   SensitivityLearner learner);

  // Says so where a traffic attribute lies outside of the range that was
  // learnt, or a metric by more than a tenth of its range.
  SensitivityAnswer Predict(const ContentionVector& competitors,
                            const TrafficAttributes& traffic) const;
  const std::string& function() const { return function_; }

 private:
  // Packets a second at no pressure, and their change per unit of it.
  struct Line {
    double intercept = 0;
    double slope = 0;
  };

  void LearnLines(const std::vector<SensitivitySample>& samples);
  void LearnTrees(const std::vector<SensitivitySample>& samples);
  std::string Outside(const std::vector<double>& inputs) const;

  std::string function_;
  SensitivityLearner learner_;
  std::vector<double> low_, high_;  // of each input, as learnt
  std::unique_ptr<Forecaster> trees_;
  std::map<TrafficAttributes, Line> lines_;
};

}  // namespace airlock
