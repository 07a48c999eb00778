#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/stats/interval.h"
#include "twin/forecast/samples.h"

namespace airlock {

// How features are ranked. None looks at the model that will use them.
enum class RankingMethod {
  // |Pearson correlation| with the target: sees straight lines only and keeps
  // every copy of a good feature.
  kPearson,
  // Mutual information with the target, by nearest neighbours (sim/stats):
  // sees any relation of one feature, and keeps copies too.
  kMutualInformation,
  // Minimal redundancy, maximal relevance, difference form (Peng, Long and
  // Ding, IEEE Trans. PAMI 27, 2005): next comes the feature whose information
  // about the target exceeds by most its mean information about those already
  // chosen. Both informations are by equal-frequency bins, the only estimate
  // cheap enough for hundreds of features against each other, and so on one
  // scale.
  kMrmr,
};

// A row of the table of methods: pearson, mutual-information, mrmr.
struct RankingMethodEntry {
  const char* name;
  RankingMethod method;
  const char* description;  // one line
};
const std::vector<RankingMethodEntry>& RankingMethods();
// Throws InputError naming the known methods if there is none of the name.
RankingMethod ParseRankingMethod(const std::string& name);

struct RankingOptions {
  int neighbours = 3;  // of the nearest-neighbour estimate
  int bins = 0;        // of the binned one; 0: by the number of rows
  // Longer tables are thinned evenly for the nearest-neighbour estimate.
  int64_t maximum_rows = 2000;
  // Only the first this many are put in order; 0: all.
  int64_t limit = 0;
  uint64_t seed = 1;
};

// A column of the table with its score: |r|, nats, or nats of relevance less
// redundancy at the time it was chosen.
struct RankedFeature {
  int64_t column = 0;
  double score = 0;
};

// The columns of `training`, best first; equal scores in the table's order.
// Rows without target are left out; a missing value counts as its column's
// median. A constant column scores 0. Throws InputError if fewer than 20 rows
// have a target or a value is infinite.
std::vector<RankedFeature> RankFeatures(RankingMethod method,
                                        const SampleTable& training,
                                        const RankingOptions& options);

// The table with only the columns of the first `count` of `ranking` (0: all),
// in the table's order.
std::vector<int64_t> FirstColumns(const std::vector<RankedFeature>& ranking,
                                  int64_t count);
SampleTable KeepColumns(const SampleTable& table,
                        const std::vector<int64_t>& columns);

// How much the choice depends on the rows at hand: the first `count` of the
// ranking on each of `resamples` subsamples of half of the rows, taken in
// blocks that keep neighbours together (Politis and Romano, 1994: without
// replacement, so that no row is its own copy).
struct StabilityOptions {
  int64_t count = 10;
  int64_t resamples = 10;
  double fraction = 0.5;      // of the rows, in each subsample
  int64_t block_length = 20;  // rows
  double confidence = 0.95;
  RankingOptions ranking;
};
struct SelectionStability {
  // Nogueira, Sechidis and Brown, JMLR 18 (2018), equation 4 with the interval
  // of their corollary 10: 1 for always the same features, 0 on average for
  // features drawn at random. Above 0.75 is called excellent, below 0.4 poor
  // (ibid., after Fleiss). Unknown if all features are chosen.
  Interval index;
  std::vector<double> frequency;  // of each column's being chosen
};
SelectionStability MeasureStability(RankingMethod method,
                                    const SampleTable& training,
                                    const StabilityOptions& options);

// The index of given choices: `chosen[i][j]`, whether choice i has feature j.
// Two choices at least, all of the same length.
Interval StabilityIndex(const std::vector<std::vector<bool>>& chosen,
                        double confidence);

}  // namespace airlock
