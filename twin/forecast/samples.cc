#include "twin/forecast/samples.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr int64_t kFewestSamples = 20;
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

double ValueAt(const std::vector<double>& values, int64_t sample) {
  if (sample < 0 || sample >= static_cast<int64_t>(values.size())) {
    return kUnknown;
  }
  return values[static_cast<size_t>(sample)];
}

// The newest value known at or before `sample`, or NaN.
std::vector<double> CarryForward(const std::vector<double>& values) {
  std::vector<double> carried = values;
  for (size_t i = 1; i < carried.size(); ++i) {
    if (std::isnan(carried[i])) carried[i] = carried[i - 1];
  }
  return carried;
}

SampleTable KeepRows(const SampleTable& all, int64_t begin, int64_t end) {
  SampleTable kept;
  kept.columns = all.columns;
  begin = std::max<int64_t>(begin, 0);
  end = std::max(begin, std::min(end, all.rows()));
  kept.x.assign(all.x.begin() + begin * all.columns,
                all.x.begin() + end * all.columns);
  kept.y.assign(all.y.begin() + begin, all.y.begin() + end);
  kept.last_target.assign(all.last_target.begin() + begin,
                          all.last_target.begin() + end);
  kept.origin.assign(all.origin.begin() + begin, all.origin.begin() + end);
  return kept;
}

}  // namespace

SampleTable BuildSamples(const Trace& trace,
                         const std::vector<Feature>& features,
                         const std::string& target, int64_t horizon) {
  const int64_t samples = trace.samples();
  SampleTable table;
  table.columns = static_cast<int64_t>(features.size());
  table.x.resize(static_cast<size_t>(samples * table.columns));
  for (int64_t j = 0; j < table.columns; ++j) {
    const Feature& feature = features[static_cast<size_t>(j)];
    const std::vector<double> values = FeatureValues(trace, feature);
    for (int64_t t = 0; t < samples; ++t) {
      table.x[static_cast<size_t>(t * table.columns + j)] =
          ValueAt(values, t + feature.shift);
    }
  }
  table.y.assign(static_cast<size_t>(samples), kUnknown);
  table.last_target = table.y;
  for (int64_t t = 0; t < samples; ++t) table.origin.push_back(t);
  if (target.empty()) return table;
  const std::vector<double>& values = trace.Get(target).values;
  const std::vector<double> known = CarryForward(values);
  for (int64_t t = 0; t < samples; ++t) {
    const size_t row = static_cast<size_t>(t);
    table.y[row] = ValueAt(values, t + horizon);
    table.last_target[row] = ValueAt(known, horizon == 0 ? t - 1 : t);
  }
  return table;
}

Split SplitInTime(int64_t samples, const SplitOptions& options) {
  if (!(options.train_fraction > 0 && options.train_fraction < 1)) {
    throw InputError(fmt::format("train fraction {} must lie within 0 and 1",
                                 options.train_fraction));
  }
  if (options.gap < 0) {
    throw InputError(fmt::format("gap {} must not be negative", options.gap));
  }
  Split split;
  split.train_end = static_cast<int64_t>(
      std::floor(options.train_fraction * static_cast<double>(samples)));
  split.test_begin = split.train_end + options.gap;
  if (split.train_end < kFewestSamples ||
      samples - split.test_begin < kFewestSamples) {
    throw InputError(fmt::format(
        "{} samples are too few: training {}, gap {}, test {}; both parts need "
        "{}",
        samples, split.train_end, options.gap,
        std::max<int64_t>(samples - split.test_begin, 0), kFewestSamples));
  }
  return split;
}

SampleTable TrainingRows(const SampleTable& all, const Split& split,
                         int64_t horizon) {
  return KeepRows(all, 0, split.train_end - horizon);
}

SampleTable TestRows(const SampleTable& all, const Split& split, int64_t lags) {
  return KeepRows(all, split.test_begin + lags, all.rows());
}

}  // namespace airlock
