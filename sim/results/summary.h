#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/results/run_record.h"
#include "sim/stats/interval.h"

namespace airlock {

// A metric over a run's replications.
struct MetricSummary {
  std::string name;
  std::string unit;
  std::string description;
  int64_t n = 0;                  // replications where it is defined
  int64_t missing = 0;            // replications where it is NaN
  double standard_deviation = 0;  // NaN below 2
  double least = 0;               // NaN if n is 0
  double greatest = 0;
  Interval mean;  // t interval over replications; bounds NaN below 2
};

// One row per metric, in the record's order.
std::vector<MetricSummary> Summarize(const RunRecord& record,
                                     double confidence);

// The values of one metric, one a replication (NaN where undefined). Throws
// InputError naming the nearest metric if there is none.
std::vector<double> MetricValues(const RunRecord& record,
                                 const std::string& name);

// One metric of two runs, A and B.
struct MetricDifference {
  enum class Outcome {
    kIdentical,  // the same values, bit for bit
    kNotShown,   // different values, but no difference of the means is shown
    kDiffers,    // adjusted p below 1 - confidence
    kUnknown,    // different values, too few replications to tell
    kOnlyInA,
    kOnlyInB,
  };
  std::string name;
  std::string unit;
  int64_t n_a = 0;
  int64_t n_b = 0;
  double mean_a = 0;
  double mean_b = 0;
  Interval difference;    // mean of B - A; bounds NaN if unknown
  double p_value = 1;     // two-sided t; NaN if unknown
  double p_adjusted = 1;  // by Holm over all metrics compared
  Outcome outcome = Outcome::kIdentical;
};
const char* ToString(MetricDifference::Outcome outcome);

struct RunComparison {
  bool equal_digests = false;
  // Replications are compared pair by pair: same seed, same replication
  // numbers (common random numbers).
  bool paired = false;
  std::vector<MetricDifference> metrics;  // A's order, then those only in B

  // Whether any metric is not identical; equal digests imply false.
  bool AnyChange() const;
  // Whether any metric is kDiffers, kOnlyInA or kOnlyInB.
  bool AnyDifference() const;
};

RunComparison CompareRuns(const RunRecord& a, const RunRecord& b,
                          double confidence);

}  // namespace airlock
