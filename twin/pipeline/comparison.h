#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "twin/forecast/feature.h"
#include "twin/forecast/samples.h"
#include "twin/forecast/scores.h"

namespace airlock {

// Which features a row of the comparison may use.
enum class FeatureSet {
  kCounters,             // without the offered rate
  kCountersAndOffered,   // with it
  kCountersOfferedPast,  // and with the target's own past
};
const char* ToString(FeatureSet set);

struct ComparisonOptions {
  std::string target = "delivered_rate";
  std::vector<int64_t> horizons = {0, 1, 4};
  std::vector<FeatureSet> feature_sets = {FeatureSet::kCounters,
                                          FeatureSet::kCountersAndOffered};
  // constant and persistence are added where they are missing.
  std::vector<std::string> forecasters = {"linear", "ridge", "xgboost"};
  std::vector<FeaturePattern> include = {{Role::kCounter, {}, "*", 0}};
  std::vector<FeaturePattern> exclude;
  int64_t lags = 0;
  SplitOptions split;
  uint64_t seed = 1;
};

struct ComparisonRow {
  std::string forecaster;
  // Empty for constant and persistence, which use no features.
  std::string features;
  int64_t horizon = 0;
  int64_t feature_count = 0;
  double outside_share = 0;  // test samples with a feature outside its range
  ForecastScores scores;
};

// Every forecaster x feature set x horizon on one time-ordered split, all
// scored on the same test samples.
struct Comparison {
  std::string target;
  std::string unit;
  Split split;
  int64_t samples = 0;
  std::vector<ComparisonRow> rows;
  // One sentence for each model that does not beat persistence (by RMSE).
  std::vector<std::string> remarks;

  std::string ToText() const;
  std::string ToJson() const;
};

Comparison CompareForecasters(const Trace& trace,
                              const ComparisonOptions& options);

}  // namespace airlock
