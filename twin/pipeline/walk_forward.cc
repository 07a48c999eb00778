#include "twin/pipeline/walk_forward.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "sim/base/error.h"
#include "sim/stats/moments.h"

namespace airlock {
namespace {

constexpr int64_t kFewestRows = 20;
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

void CheckOptions(const std::vector<int64_t>& origin,
                  const WalkForwardOptions& options) {
  for (size_t r = 1; r < origin.size(); ++r) {
    AIRLOCK_CHECK(origin[r - 1] < origin[r], "row {} is not in time order", r);
  }
  if (options.folds < 1) {
    throw InputError(
        fmt::format("walk-forward validation needs at least 1 fold, not {}",
                    options.folds));
  }
  if (options.gap < 0 || options.window < 0) {
    throw InputError(
        fmt::format("gap {} and window {} of walk-forward validation must not "
                    "be negative",
                    options.gap, options.window));
  }
  if (!(options.first_share > 0 && options.first_share < 1)) {
    throw InputError(fmt::format(
        "first share {} of walk-forward validation must lie within 0 and 1",
        options.first_share));
  }
}

// Rows whose origin lies in [begin, end).
std::vector<int64_t> RowsWithin(const std::vector<int64_t>& origin,
                                int64_t begin, int64_t end) {
  std::vector<int64_t> rows;
  for (size_t r = 0; r < origin.size(); ++r) {
    if (origin[r] >= begin && origin[r] < end) {
      rows.push_back(static_cast<int64_t>(r));
    }
  }
  return rows;
}

std::vector<int64_t> Range(int64_t begin, int64_t end) {
  std::vector<int64_t> rows(static_cast<size_t>(end - begin));
  std::iota(rows.begin(), rows.end(), begin);
  return rows;
}

void CheckSize(const Fold& fold, int64_t number) {
  const int64_t training = static_cast<int64_t>(fold.training.size());
  const int64_t test = static_cast<int64_t>(fold.test.size());
  if (training >= kFewestRows && test >= kFewestRows) return;
  throw InputError(fmt::format(
      "too few samples for validation: fold {} has {} rows to learn from and "
      "{} to be judged on; both need {}",
      number + 1, training, test, kFewestRows));
}

FoldedScore Folded(const std::vector<ForecastScores>& scores,
                   double ForecastScores::*member) {
  std::vector<double> values;
  for (const ForecastScores& each : scores) values.push_back(each.*member);
  const double count = static_cast<double>(values.size());
  return {Mean(values), StandardDeviation(values) / std::sqrt(count)};
}

}  // namespace

SampleTable KeepRows(const SampleTable& table,
                     const std::vector<int64_t>& rows) {
  SampleTable kept;
  kept.columns = table.columns;
  for (const int64_t row : rows) {
    AIRLOCK_CHECK(row >= 0 && row < table.rows(), "{} of {}", row,
                  table.rows());
    const size_t r = static_cast<size_t>(row);
    kept.x.insert(kept.x.end(), table.Row(row), table.Row(row) + table.columns);
    kept.y.push_back(table.y[r]);
    kept.last_target.push_back(table.last_target[r]);
    kept.origin.push_back(table.origin[r]);
    if (!table.whole.empty()) kept.whole.push_back(table.whole[r]);
  }
  return kept;
}

int64_t Embargo(int64_t horizon, int64_t longest_lag) {
  return horizon + longest_lag;
}

std::vector<Fold> WalkForwardFolds(const std::vector<int64_t>& origin,
                                   const WalkForwardOptions& options) {
  CheckOptions(origin, options);
  const int64_t rows = static_cast<int64_t>(origin.size());
  const int64_t first = static_cast<int64_t>(
      std::floor(options.first_share * static_cast<double>(rows)));
  std::vector<Fold> folds;
  for (int64_t k = 0; k < options.folds; ++k) {
    Fold fold;
    const int64_t begin = first + (rows - first) * k / options.folds;
    const int64_t end = first + (rows - first) * (k + 1) / options.folds;
    fold.test = Range(begin, end);
    if (begin < rows && rows > 0) {
      // `gap` samples lie between the last training and the first test origin.
      const int64_t last = origin[static_cast<size_t>(begin)] - options.gap;
      int64_t from = origin.front();
      if (options.scheme == WalkForwardScheme::kSliding) {
        const int64_t length =
            options.window > 0
                ? options.window
                : origin[static_cast<size_t>(first)] - options.gap - from;
        from = std::max(from, last - length);
      }
      fold.training = RowsWithin(origin, from, last);
    }
    CheckSize(fold, k);
    folds.push_back(std::move(fold));
  }
  return folds;
}

WalkForwardResult JudgeFolds(
    const SampleTable& samples, const std::vector<Fold>& folds,
    const std::vector<std::vector<double>>& predicted) {
  WalkForwardResult result;
  for (size_t k = 0; k < folds.size(); ++k) {
    const SampleTable test = KeepRows(samples, folds[k].test);
    AIRLOCK_CHECK(predicted[k].size() == test.y.size(),
                  "{} predictions for {} rows", predicted[k].size(),
                  test.y.size());
    result.fold_scores.push_back(Score(test.y, predicted[k]));
    result.origin.insert(result.origin.end(), test.origin.begin(),
                         test.origin.end());
    result.predicted.insert(result.predicted.end(), predicted[k].begin(),
                            predicted[k].end());
    result.observed.insert(result.observed.end(), test.y.begin(), test.y.end());
    result.fold.insert(result.fold.end(), test.y.size(),
                       static_cast<int64_t>(k));
  }
  result.all = Score(result.observed, result.predicted);
  result.rmse = Folded(result.fold_scores, &ForecastScores::rmse);
  result.mae = Folded(result.fold_scores, &ForecastScores::mae);
  result.r2 = Folded(result.fold_scores, &ForecastScores::r2);
  return result;
}

}  // namespace airlock
