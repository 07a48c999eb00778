#include "twin/pipeline/selection.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/base/error.h"
#include "sim/base/rng.h"
#include "sim/stats/mutual_information.h"
#include "sim/stats/quantile.h"

namespace airlock {
namespace {

constexpr int64_t kFewestRows = 20;

// The columns of a table one by one, without the rows that have no target.
struct ColumnTable {
  std::vector<std::vector<double>> x;
  std::vector<double> y;
};

ColumnTable ByColumn(const SampleTable& table) {
  ColumnTable columns;
  std::vector<int64_t> rows;
  for (int64_t r = 0; r < table.rows(); ++r) {
    const double y = table.y[static_cast<size_t>(r)];
    if (std::isnan(y) || !table.IsWhole(r)) continue;
    rows.push_back(r);
    columns.y.push_back(y);
  }
  if (static_cast<int64_t>(rows.size()) < kFewestRows) {
    throw InputError(
        fmt::format("ranking features: {} of {} rows have a target; {} are "
                    "needed",
                    rows.size(), table.rows(), kFewestRows));
  }
  for (int64_t j = 0; j < table.columns; ++j) {
    std::vector<double> values, known;
    for (const int64_t r : rows) {
      values.push_back(table.Row(r)[j]);
      if (!std::isnan(values.back())) known.push_back(values.back());
      if (std::isinf(values.back())) {
        throw InputError(fmt::format(
            "ranking features: column {} is infinite in row {}", j, r));
      }
    }
    const double median = known.empty() ? 0 : Median(known);
    for (double& value : values) {
      if (std::isnan(value)) value = median;
    }
    columns.x.push_back(std::move(values));
  }
  return columns;
}

double AbsoluteCorrelation(const std::vector<double>& x,
                           const std::vector<double>& y) {
  // Rounding of the means would make a correlation of it.
  const auto range = std::minmax_element(x.begin(), x.end());
  if (*range.first == *range.second) return 0;
  const double n = static_cast<double>(x.size());
  double mean_x = 0, mean_y = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    mean_x += x[i] / n;
    mean_y += y[i] / n;
  }
  double xy = 0, xx = 0, yy = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double a = x[i] - mean_x, b = y[i] - mean_y;
    xy += a * b;
    xx += a * a;
    yy += b * b;
  }
  return xx > 0 && yy > 0 ? std::abs(xy) / std::sqrt(xx * yy) : 0;
}

// Highest score first, equal ones in the table's order; `limit` of them.
std::vector<RankedFeature> Sorted(const std::vector<double>& scores,
                                  int64_t limit) {
  std::vector<RankedFeature> ranking;
  for (size_t j = 0; j < scores.size(); ++j) {
    ranking.push_back({static_cast<int64_t>(j), scores[j]});
  }
  std::stable_sort(ranking.begin(), ranking.end(),
                   [](const RankedFeature& a, const RankedFeature& b) {
                     return a.score > b.score;
                   });
  if (limit > 0 && limit < static_cast<int64_t>(ranking.size())) {
    ranking.resize(static_cast<size_t>(limit));
  }
  return ranking;
}

std::vector<double> PearsonScores(const ColumnTable& table) {
  std::vector<double> scores;
  for (const std::vector<double>& x : table.x) {
    scores.push_back(AbsoluteCorrelation(x, table.y));
  }
  return scores;
}

std::vector<double> KsgScores(const ColumnTable& table,
                              const RankingOptions& options) {
  KsgOptions ksg;
  ksg.neighbours = options.neighbours;
  ksg.maximum_samples = options.maximum_rows;
  const RngTree tree(options.seed);
  std::vector<double> scores;
  for (size_t j = 0; j < table.x.size(); ++j) {
    RngStream rng = tree.Stream("pipeline/selection/ties",
                                Replication(static_cast<int64_t>(j)));
    scores.push_back(KsgMutualInformation(table.x[j], table.y, ksg, &rng));
  }
  return scores;
}

// Peng et al. (2005), equation 7: the next feature maximises
//   I(x_j; y) - mean over chosen i of I(x_j; x_i).
std::vector<RankedFeature> RankByMrmr(const ColumnTable& table,
                                      const RankingOptions& options) {
  std::vector<BinnedVariable> bins;
  std::vector<double> relevance;
  const BinnedVariable target = BinByRank(table.y, options.bins);
  for (const std::vector<double>& x : table.x) {
    bins.push_back(BinByRank(x, options.bins));
    relevance.push_back(BinnedMutualInformation(bins.back(), target));
  }
  const size_t limit =
      options.limit > 0
          ? std::min(static_cast<size_t>(options.limit), bins.size())
          : bins.size();
  std::vector<double> redundancy(bins.size(), 0);  // sums over the chosen
  std::vector<bool> chosen(bins.size(), false);
  std::vector<RankedFeature> ranking;
  while (ranking.size() < limit) {
    const double count = std::max(static_cast<double>(ranking.size()), 1.0);
    size_t best = bins.size();
    double highest = 0;
    for (size_t j = 0; j < bins.size(); ++j) {
      if (chosen[j]) continue;
      const double score = relevance[j] - redundancy[j] / count;
      if (best < bins.size() && !(score > highest)) continue;
      best = j;
      highest = score;
    }
    chosen[best] = true;
    ranking.push_back({static_cast<int64_t>(best), highest});
    for (size_t j = 0; j < bins.size(); ++j) {
      if (chosen[j]) continue;
      redundancy[j] += BinnedMutualInformation(bins[j], bins[best]);
    }
  }
  return ranking;
}

SampleTable KeepRows(const SampleTable& table,
                     const std::vector<int64_t>& rows) {
  SampleTable kept;
  kept.columns = table.columns;
  for (const int64_t r : rows) {
    kept.x.insert(kept.x.end(), table.Row(r), table.Row(r) + table.columns);
    kept.y.push_back(table.y[static_cast<size_t>(r)]);
    if (!table.whole.empty()) {
      kept.whole.push_back(table.whole[static_cast<size_t>(r)]);
    }
  }
  return kept;
}

// About `fraction` of the blocks of neighbouring rows, drawn without
// replacement, in order.
std::vector<int64_t> SubsampleRows(int64_t rows,
                                   const StabilityOptions& options,
                                   RngStream* rng) {
  const int64_t length = std::min(options.block_length, rows);
  const int64_t blocks = (rows + length - 1) / length;
  std::vector<int64_t> order;
  for (int64_t b = 0; b < blocks; ++b) order.push_back(b);
  for (int64_t b = blocks - 1; b > 0; --b) {
    std::swap(order[static_cast<size_t>(b)],
              order[rng->UniformInt(static_cast<uint64_t>(b) + 1)]);
  }
  order.resize(static_cast<size_t>(std::max<double>(
      1, std::round(options.fraction * static_cast<double>(blocks)))));
  std::sort(order.begin(), order.end());
  std::vector<int64_t> kept;
  for (const int64_t block : order) {
    const int64_t end = std::min(rows, (block + 1) * length);
    for (int64_t r = block * length; r < end; ++r) kept.push_back(r);
  }
  return kept;
}

}  // namespace

const std::vector<RankingMethodEntry>& RankingMethods() {
  static const std::vector<RankingMethodEntry> kTable = {
      {"pearson", RankingMethod::kPearson,
       "absolute linear correlation with the target"},
      {"mutual-information", RankingMethod::kMutualInformation,
       "mutual information with the target, by nearest neighbours"},
      {"mrmr", RankingMethod::kMrmr,
       "information about the target less that about features chosen before"},
  };
  return kTable;
}

RankingMethod ParseRankingMethod(const std::string& name) {
  std::string known;
  for (const RankingMethodEntry& entry : RankingMethods()) {
    if (entry.name == name) return entry.method;
    known += known.empty() ? entry.name : fmt::format(", {}", entry.name);
  }
  throw InputError(
      fmt::format("no ranking of features '{}'; known: {}", name, known));
}

std::vector<RankedFeature> RankFeatures(RankingMethod method,
                                        const SampleTable& training,
                                        const RankingOptions& options) {
  const ColumnTable table = ByColumn(training);
  switch (method) {
    case RankingMethod::kPearson:
      return Sorted(PearsonScores(table), options.limit);
    case RankingMethod::kMutualInformation:
      return Sorted(KsgScores(table, options), options.limit);
    case RankingMethod::kMrmr:
      break;
  }
  return RankByMrmr(table, options);
}

std::vector<int64_t> FirstColumns(const std::vector<RankedFeature>& ranking,
                                  int64_t count) {
  std::vector<int64_t> columns;
  for (const RankedFeature& feature : ranking) {
    if (count > 0 && static_cast<int64_t>(columns.size()) == count) break;
    columns.push_back(feature.column);
  }
  std::sort(columns.begin(), columns.end());
  return columns;
}

SampleTable KeepColumns(const SampleTable& table,
                        const std::vector<int64_t>& columns) {
  SampleTable kept = table;
  kept.columns = static_cast<int64_t>(columns.size());
  kept.x.clear();
  kept.x.reserve(static_cast<size_t>(table.rows() * kept.columns));
  for (int64_t r = 0; r < table.rows(); ++r) {
    for (const int64_t column : columns) {
      kept.x.push_back(table.Row(r)[column]);
    }
  }
  return kept;
}

SelectionStability MeasureStability(RankingMethod method,
                                    const SampleTable& training,
                                    const StabilityOptions& options) {
  AIRLOCK_CHECK(options.resamples >= 2 && options.block_length >= 1 &&
                    options.fraction > 0 && options.fraction <= 1,
                "{} resamples, blocks of {}, fraction {}", options.resamples,
                options.block_length, options.fraction);
  RankingOptions ranking = options.ranking;
  ranking.limit = options.count;
  const RngTree tree(options.ranking.seed);
  SelectionStability stability;
  stability.frequency.assign(static_cast<size_t>(training.columns), 0);
  std::vector<std::vector<bool>> chosen;
  for (int64_t i = 0; i < options.resamples; ++i) {
    RngStream rng = tree.Stream("pipeline/selection/subsample", Replication(i));
    const SampleTable rows =
        KeepRows(training, SubsampleRows(training.rows(), options, &rng));
    chosen.emplace_back(static_cast<size_t>(training.columns), false);
    for (const int64_t column :
         FirstColumns(RankFeatures(method, rows, ranking), options.count)) {
      chosen.back()[static_cast<size_t>(column)] = true;
      stability.frequency[static_cast<size_t>(column)] +=
          1 / static_cast<double>(options.resamples);
    }
  }
  stability.index = StabilityIndex(chosen, options.confidence);
  return stability;
}

Interval StabilityIndex(const std::vector<std::vector<bool>>& chosen,
                        double confidence) {
  AIRLOCK_CHECK(chosen.size() >= 2, "{} choices", chosen.size());
  const double m = static_cast<double>(chosen.size());
  const double d = static_cast<double>(chosen.front().size());
  std::vector<double> frequency(chosen.front().size(), 0);
  std::vector<double> sizes;
  for (const std::vector<bool>& choice : chosen) {
    AIRLOCK_CHECK(choice.size() == frequency.size(), "{} and {} features",
                  choice.size(), frequency.size());
    double size = 0;
    for (size_t f = 0; f < choice.size(); ++f) {
      frequency[f] += choice[f] ? 1 / m : 0;
      size += choice[f];
    }
    sizes.push_back(size);
  }
  double mean_size = 0, variance = 0;
  for (const double p : frequency) {
    mean_size += p;
    variance += m / (m - 1) * p * (1 - p) / d;
  }
  const double share = mean_size / d;
  Interval index;
  // With no feature or all of them there is nothing to choose.
  if (!(share > 1e-12) || !(share < 1 - 1e-12)) return index;
  index.estimate = 1 - variance / (share * (1 - share));
  std::vector<double> parts;
  double mean_part = 0;
  for (size_t i = 0; i < chosen.size(); ++i) {
    double overlap = 0;
    for (size_t f = 0; f < frequency.size(); ++f) {
      if (chosen[i][f]) overlap += frequency[f] / d;
    }
    const double size = sizes[i] / d;
    parts.push_back(
        (overlap - size * share +
         index.estimate / 2 * (2 * size * share - size - share + 1)) /
        (share * (1 - share)));
    mean_part += parts.back() / m;
  }
  double squares = 0;
  for (const double part : parts) {
    squares += (part - mean_part) * (part - mean_part);
  }
  const double deviation = 2 / m * std::sqrt(squares);
  const double z = NormalQuantile(0.5 + confidence / 2);
  index.low = index.estimate - z * deviation;
  index.high = index.estimate + z * deviation;
  return index;
}

}  // namespace airlock
