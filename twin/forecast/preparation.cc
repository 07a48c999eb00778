#include "twin/forecast/preparation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <sstream>

#include "sim/base/error.h"
#include "twin/forecast/linear_copies.h"

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

// The rows to learn from; the others are counted by reason.
SampleTable UsableRows(const SampleTable& rows, PreparationRecord* record) {
  SampleTable kept;
  kept.columns = rows.columns;
  int64_t broken = 0, without_target = 0;
  for (int64_t r = 0; r < rows.rows(); ++r) {
    const bool whole = rows.IsWhole(r);
    const bool has_target = std::isfinite(rows.y[r]);
    broken += !whole;
    without_target += whole && !has_target;
    if (!whole || !has_target) continue;
    kept.x.insert(kept.x.end(), rows.Row(r), rows.Row(r) + rows.columns);
    kept.y.push_back(rows.y[r]);
    kept.last_target.push_back(rows.last_target[r]);
    kept.origin.push_back(rows.origin[r]);
  }
  if (broken > 0) {
    record->dropped_rows.push_back(
        {"a feature lies beyond the ends of the trace or of its segment",
         broken});
  }
  if (without_target > 0) {
    record->dropped_rows.push_back(
        {"the target is missing, timed out or beyond its segment",
         without_target});
  }
  record->rows_without_target = without_target;
  record->training_rows = kept.rows();
  return kept;
}

double TimeoutOf(const Feature& feature, const SampleOptions& options) {
  const auto found = options.timeouts.find(feature.column);
  return found == options.timeouts.end() ||
                 feature.aggregate != Aggregate::kNone
             ? std::numeric_limits<double>::infinity()
             : found->second;
}

bool IsMissing(double value, double timeout) {
  return !(value < timeout) || std::isinf(value);
}

// Makes missing what is infinite or timed out, and notes the infinite.
void MaskMissing(const std::vector<Feature>& features,
                 const SampleOptions& options, SampleTable* rows,
                 PreparationRecord* record) {
  for (int64_t j = 0; j < rows->columns; ++j) {
    const Feature& feature = features[static_cast<size_t>(j)];
    const double timeout = TimeoutOf(feature, options);
    int64_t infinite = 0;
    for (int64_t r = 0; r < rows->rows(); ++r) {
      double& value = rows->x[static_cast<size_t>(r * rows->columns + j)];
      infinite += std::isinf(value);
      if (IsMissing(value, timeout)) {
        value = std::numeric_limits<double>::quiet_NaN();
      }
    }
    if (infinite > 0) {
      record->notes.push_back(
          fmt::format("{}: infinite in {} training rows, taken as missing",
                      feature.Label(), infinite));
    }
  }
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
  const double wandered = WanderedShare(rows, column);
  if (wandered > options.maximum_drift) {
    return fmt::format(
        "wanders off: {:.0f}% of the last third of the training rows lie "
        "outside the range of the rest",
        100 * wandered);
  }
  if (options.target_copies && horizon == 0 && IsTarget(rows, column)) {
    return "is the target itself, in other units";
  }
  return "";
}

// The columns that pass on their own, in the table's order.
std::vector<int64_t> GoodColumns(const std::vector<Feature>& features,
                                 const SampleTable& rows, int64_t horizon,
                                 const PreparationOptions& options,
                                 PreparationRecord* record) {
  std::vector<int64_t> good;
  for (int64_t j = 0; j < rows.columns; ++j) {
    const std::string reason =
        ReasonToDrop(rows, j, horizon, KnownValues(rows, j), options);
    if (reason.empty()) {
      good.push_back(j);
    } else {
      record->dropped.push_back(
          {features[static_cast<size_t>(j)].Label(), reason});
    }
  }
  return good;
}

std::vector<int64_t> WithoutCopies(const std::vector<Feature>& features,
                                   const SampleTable& rows,
                                   const std::vector<int64_t>& columns,
                                   double rounding, PreparationRecord* record) {
  const std::vector<int64_t> copies = FindLinearCopies(rows, columns, rounding);
  std::vector<int64_t> kept;
  for (size_t k = 0; k < columns.size(); ++k) {
    if (copies[k] < 0) {
      kept.push_back(columns[k]);
      continue;
    }
    record->dropped.push_back(
        {features[static_cast<size_t>(columns[k])].Label(),
         fmt::format("a copy of {}, up to scale and offset",
                     features[static_cast<size_t>(copies[k])].Label())});
  }
  return kept;
}

void CheckTarget(const SampleTable& rows, int64_t rows_given,
                 const ForecastProblem& problem) {
  if (rows.rows() < kFewestRows) {
    throw InputError(
        fmt::format("{} of {} training rows have a target at horizon {} and "
                    "all features; {} are needed",
                    rows.rows(), rows_given, problem.horizon, kFewestRows));
  }
  const auto range = std::minmax_element(rows.y.begin(), rows.y.end());
  if (*range.first == *range.second) {
    throw InputError(fmt::format(
        "the target {} is constant ({}) in the {} training rows: there is "
        "nothing to learn",
        problem.target, *range.first, rows.rows()));
  }
}

}  // namespace

SampleTable Preparation::Fit(const std::vector<Feature>& features,
                             const SampleTable& training,
                             const ForecastProblem& problem,
                             const PreparationOptions& options,
                             PreparationRecord* record) {
  record->clock_offset = problem.clock_offset;
  SampleTable rows = UsableRows(training, record);
  CheckTarget(rows, training.rows(), problem);
  MaskMissing(features, problem.samples, &rows, record);
  std::vector<int64_t> columns =
      GoodColumns(features, rows, problem.horizon, options, record);
  if (options.duplicates) {
    columns = WithoutCopies(features, rows, columns, options.rounding, record);
  }
  if (columns.empty()) {
    throw InputError(
        fmt::format("no feature is left after preparation; the first of {} was "
                    "dropped because: {}",
                    features.size(), record->dropped.back().reason));
  }
  kept_.clear();
  for (const int64_t j : columns) {
    const Feature& feature = features[static_cast<size_t>(j)];
    kept_.push_back(Describe(feature, KnownValues(rows, j), rows.rows()));
    kept_.back().timeout = TimeoutOf(feature, problem.samples);
  }
  SampleTable prepared = rows;
  prepared.columns = static_cast<int64_t>(kept_.size());
  prepared.x.assign(static_cast<size_t>(rows.rows() * prepared.columns), 0);
  std::vector<double> raw(kept_.size());
  for (int64_t r = 0; r < rows.rows(); ++r) {
    for (size_t k = 0; k < kept_.size(); ++k) raw[k] = rows.Row(r)[columns[k]];
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
    if (IsMissing(value, facts.timeout)) {
      value = facts.median;
      ++*imputed;
    } else if (value < facts.minimum || value > facts.maximum) {
      ++outside;
    }
    out[k] = (value - facts.mean) / facts.standard_deviation;
  }
  return outside;
}

std::vector<std::string> CountingNotes(const Trace& trace,
                                       const std::vector<Feature>& features,
                                       double least) {
  std::vector<std::string> notes;
  std::set<std::string> seen;
  for (const Feature& feature : features) {
    for (const std::string& column : feature.Columns()) {
      if (!seen.insert(column).second) continue;
      // "min 6.10 mean 7.20"
      std::istringstream words(trace.Attribute("running_percent." + column));
      std::string label;
      double lowest = 0, mean = 0;
      if (!(words >> label >> lowest >> label >> mean)) continue;
      if (!(mean < least)) continue;
      notes.push_back(fmt::format(
          "{}: counted for {:.0f}% of the time (least {:.0f}%), the rest is "
          "perf's extrapolation",
          column, mean, lowest));
    }
  }
  return notes;
}

}  // namespace airlock
