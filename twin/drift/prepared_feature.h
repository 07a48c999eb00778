#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "twin/drift/change_statistic.h"
#include "twin/drift/detector.h"
#include "twin/drift/rank_scores.h"
#include "twin/drift/whitening.h"

namespace airlock {

// What a statistic is fed of a feature.
enum class Feed {
  kValue,  // the value
  kScore,  // the normal score of its innovation
  kRank,   // the rank of its innovation, in (0, 1)
};

// Most scores or ranks that a statistic's reference has; longer ones are
// represented by as many of their quantiles.
constexpr size_t kMostReference = 1024;

// One feature of a reference, ready to be watched and resampled.
struct PreparedFeature {
  std::string name;
  std::unique_ptr<Whitener> whitener;  // null: none
  Feed feed = Feed::kValue;
  // What streams without drift are drawn from: innovations (or values), one a
  // sample; NaN where there is none.
  std::vector<double> base;
  bool independent = false;
  bool continuous = false;
  bool constant = false;
  bool bounded = false;  // to [0, 1]
  std::string description;
  // Samples of reference from which the filter is known well enough: two of the
  // longest cycle, else a hundred autocorrelation times. 0: any number.
  double reference_needed = 0;

  // `base`; of a constant one a value each way is changed: all that n equal
  // values tell is that the chance of another is about 1 / n.
  std::vector<double> Possible() const;
};

// Throws InputError, naming the feature, for one without values, and for values
// that `entry` cannot take.
PreparedFeature Prepare(const std::string& name,
                        const std::vector<double>& series,
                        const StatisticEntry& entry,
                        const DriftOptions& options);

// Ranks (unless values are fed) and statistic of one feature, made of known
// values of its base.
class StatisticChannel {
 public:
  // Keeps the knots of its ranks in `knots` if not null, and uses those that
  // are there if they are of as many values.
  StatisticChannel(std::vector<double> base, Feed feed,
                   const StatisticEntry& entry,
                   const StatisticParameters& parameters,
                   RankKnots* knots = nullptr);
  // Of saved parts.
  StatisticChannel(const nlohmann::json& state, const StatisticEntry& entry,
                   const StatisticParameters& parameters);

  // Evidence after one value or innovation, which is not NaN.
  double Update(double value) { return statistic_->Update(Fed(value)); }
  ChangeStatistic* statistic() { return statistic_.get(); }
  const ChangeStatistic* statistic() const { return statistic_.get(); }
  bool takes_values() const { return feed_ == Feed::kValue; }
  void Save(nlohmann::json* state) const;

 private:
  double Fed(double value) const {
    if (feed_ == Feed::kValue) return value;
    return feed_ == Feed::kScore ? ranks_.Score(value) : ranks_.Rank(value);
  }

  Feed feed_;
  RankScores ranks_;
  std::vector<double> reference_;  // as fed to the statistic
  std::unique_ptr<ChangeStatistic> statistic_;
};

}  // namespace airlock
