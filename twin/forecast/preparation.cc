#include "twin/forecast/preparation.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr int64_t kFewestRows = 20;

std::vector<double> KnownValues(const SampleTable& rows, int64_t column) {
  std::vector<double> known;
  for (int64_t r = 0; r < rows.rows(); ++r) {
    const double value = rows.Row(r)[column];
    if (!std::isnan(value)) known.push_back(value);
  }
  return known;
}

double Median(std::vector<double> values) {
  const size_t middle = values.size() / 2;
  std::nth_element(values.begin(), values.begin() + middle, values.end());
  return values[middle];
}

// Facts of a column of which `known` are the values that are not missing.
FeatureFacts Describe(const Feature& feature, const std::vector<double>& known,
                      int64_t rows) {
  FeatureFacts facts;
  facts.feature = feature;
  facts.missing = rows - static_cast<int64_t>(known.size());
  const auto range = std::minmax_element(known.begin(), known.end());
  facts.minimum = *range.first;
  facts.maximum = *range.second;
  facts.median = Median(known);
  double sum = 0;
  for (const double value : known) sum += value;
  facts.mean = sum / static_cast<double>(known.size());
  double squares = 0;
  for (const double value : known) {
    squares += (value - facts.mean) * (value - facts.mean);
  }
  facts.standard_deviation =
      std::sqrt(squares / static_cast<double>(known.size()));
  return facts;
}

// The column is a linear map of the target, exactly but for rounding.
bool IsTarget(const SampleTable& rows, int64_t column) {
  int64_t low = -1, high = -1;
  for (int64_t r = 0; r < rows.rows(); ++r) {
    if (std::isnan(rows.Row(r)[column])) return false;
    if (low < 0 || rows.y[r] < rows.y[low]) low = r;
    if (high < 0 || rows.y[r] > rows.y[high]) high = r;
  }
  const double y_range = rows.y[high] - rows.y[low];
  if (!(y_range > 0)) return false;
  const double x_low = rows.Row(low)[column];
  const double x_range = rows.Row(high)[column] - x_low;
  for (int64_t r = 0; r < rows.rows(); ++r) {
    const double expected =
        x_low + x_range * ((rows.y[r] - rows.y[low]) / y_range);
    if (std::abs(rows.Row(r)[column] - expected) > 1e-9 * std::abs(x_range)) {
      return false;
    }
  }
  return x_range != 0;
}

// Share of the last third of the rows that lies outside the range of those
// before.
double WanderedShare(const SampleTable& rows, int64_t column) {
  const int64_t begin = rows.rows() - rows.rows() / 3;
  double low = std::numeric_limits<double>::infinity(), high = -low;
  int64_t outside = 0, known = 0;
  for (int64_t r = 0; r < rows.rows(); ++r) {
    const double value = rows.Row(r)[column];
    if (std::isnan(value)) continue;
    if (r < begin) {
      low = std::min(low, value);
      high = std::max(high, value);
    } else {
      ++known;
      outside += value < low || value > high;
    }
  }
  return known > 0 ? static_cast<double>(outside) / static_cast<double>(known)
                   : 0;
}

SampleTable RowsWithTarget(const SampleTable& rows) {
  SampleTable kept;
  kept.columns = rows.columns;
  for (int64_t r = 0; r < rows.rows(); ++r) {
    if (std::isnan(rows.y[r])) continue;
    kept.x.insert(kept.x.end(), rows.Row(r), rows.Row(r) + rows.columns);
    kept.y.push_back(rows.y[r]);
    kept.last_target.push_back(rows.last_target[r]);
    kept.origin.push_back(rows.origin[r]);
  }
  return kept;
}

std::string ReasonToDrop(const SampleTable& rows, int64_t column,
                         int64_t horizon, const std::vector<double>& known,
                         const PreparationOptions& options) {
  if (known.empty()) return "missing in every training row";
  const double missing =
      1 - static_cast<double>(known.size()) / static_cast<double>(rows.rows());
  if (missing > options.maximum_missing) {
    return fmt::format("missing in {:.1f}% of the training rows",
                       100 * missing);
  }
  const auto range = std::minmax_element(known.begin(), known.end());
  if (*range.first == *range.second) {
    return fmt::format("constant ({}) in the training rows", *range.first);
  }
  if (!std::isfinite(*range.first) || !std::isfinite(*range.second)) {
    return "infinite in the training rows";
  }
  const double wandered = WanderedShare(rows, column);
  if (wandered > options.maximum_drift) {
    return fmt::format(
        "wanders off: {:.0f}% of the last third of the training rows lie "
        "outside the range of the rest",
        100 * wandered);
  }
  if (horizon == 0 && IsTarget(rows, column)) {
    return "is the target itself, in other units";
  }
  return "";
}

}  // namespace

SampleTable Preparation::Fit(const std::vector<Feature>& features,
                             const SampleTable& training, int64_t horizon,
                             const PreparationOptions& options,
                             PreparationRecord* record) {
  const SampleTable rows = RowsWithTarget(training);
  record->rows_without_target = training.rows() - rows.rows();
  record->training_rows = rows.rows();
  if (rows.rows() < kFewestRows) {
    throw InputError(fmt::format(
        "{} of {} training rows have a target at horizon {}; {} are needed",
        rows.rows(), training.rows(), horizon, kFewestRows));
  }
  kept_.clear();
  std::vector<int64_t> kept_columns;
  for (int64_t j = 0; j < rows.columns; ++j) {
    const Feature& feature = features[static_cast<size_t>(j)];
    const std::vector<double> known = KnownValues(rows, j);
    const std::string reason = ReasonToDrop(rows, j, horizon, known, options);
    if (!reason.empty()) {
      record->dropped.push_back({feature.Label(), reason});
      continue;
    }
    kept_.push_back(Describe(feature, known, rows.rows()));
    kept_columns.push_back(j);
  }
  if (kept_.empty()) {
    throw InputError(
        fmt::format("no feature is left after preparation; the first of {} was "
                    "dropped because: {}",
                    features.size(), record->dropped.back().reason));
  }
  SampleTable prepared = rows;
  prepared.columns = static_cast<int64_t>(kept_.size());
  prepared.x.assign(static_cast<size_t>(rows.rows() * prepared.columns), 0);
  std::vector<double> raw(kept_.size());
  for (int64_t r = 0; r < rows.rows(); ++r) {
    for (size_t k = 0; k < kept_.size(); ++k) {
      raw[k] = rows.Row(r)[kept_columns[k]];
    }
    Apply(raw.data(), prepared.x.data() + r * prepared.columns,
          &record->imputed_values);
  }
  return prepared;
}

int64_t Preparation::Apply(const double* raw, double* out,
                           int64_t* imputed) const {
  int64_t outside = 0;
  for (size_t k = 0; k < kept_.size(); ++k) {
    const FeatureFacts& facts = kept_[k];
    double value = raw[k];
    if (std::isnan(value)) {
      value = facts.median;
      ++*imputed;
    } else if (value < facts.minimum || value > facts.maximum) {
      ++outside;
    }
    out[k] = (value - facts.mean) / facts.standard_deviation;
  }
  return outside;
}

}  // namespace airlock
