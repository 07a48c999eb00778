#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "twin/forecast/model.h"

namespace airlock {

// How well predictions meet observations, over the pairs in which both are
// known. A score that is not defined is NaN.
struct ForecastScores {
  int64_t samples = 0;
  // 1 - SSE / SST, SST about the mean of the observations scored: 0 is a
  // constant that knows the test's own mean. NaN if they do not vary.
  double r2 = 0;
  double rmse = 0;  // in the target's unit
  double mae = 0;   // in the target's unit
  // Mean of |error| / |observed|, over the samples whose observation is not 0;
  // `zeros` counts those left out.
  double mape = 0;
  int64_t zeros = 0;
  // Share of samples with |error| <= p |observed| (an observation of 0 counts
  // only if it is met exactly).
  double accuracy_5 = 0;
  double accuracy_10 = 0;
  double accuracy_20 = 0;
};

ForecastScores Score(const std::vector<double>& observed,
                     const std::vector<double>& predicted);
ForecastScores Score(const Predictions& predictions);

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
  std::vector<std::string> forecasters = {"linear", "xgboost"};
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
