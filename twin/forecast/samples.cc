#include "twin/forecast/samples.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <sstream>

#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr int64_t kFewestSamples = 20;
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

// Intervals; a longer one is a hole in the time axis.
constexpr double kLongestInterval = 1.5;

// Both samples are there and in one segment.
bool SameSegment(const std::vector<int64_t>& segment, int64_t t,
                 int64_t other) {
  return other >= 0 && other < static_cast<int64_t>(segment.size()) &&
         segment[static_cast<size_t>(t)] == segment[static_cast<size_t>(other)];
}

// The newest value known at or before each sample of its segment, or NaN.
std::vector<double> CarryForward(const std::vector<double>& values,
                                 const std::vector<int64_t>& segment) {
  std::vector<double> carried = values;
  for (size_t i = 1; i < carried.size(); ++i) {
    if (std::isnan(carried[i]) && segment[i] == segment[i - 1]) {
      carried[i] = carried[i - 1];
    }
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
  if (!all.whole.empty()) {
    kept.whole.assign(all.whole.begin() + begin, all.whole.begin() + end);
  }
  return kept;
}

// The number of each sample's segment.
std::vector<int64_t> SegmentOfSamples(const Trace& trace,
                                      const SampleOptions& options) {
  std::vector<int64_t> segment(static_cast<size_t>(trace.samples()), 0);
  if (!options.segments) return segment;
  const std::vector<int64_t> starts = SegmentStarts(trace);
  for (size_t s = 1; s < starts.size(); ++s) {
    std::fill(segment.begin() + starts[s], segment.end(),
              static_cast<int64_t>(s));
  }
  return segment;
}

// The trace with what is at or above its time-out missing.
Trace WithoutTimeouts(const Trace& trace,
                      const std::map<std::string, double>& timeouts) {
  Trace masked = trace;
  for (Column& column : masked.columns) {
    const auto found = timeouts.find(column.name);
    if (found == timeouts.end()) continue;
    for (double& value : column.values) {
      if (value >= found->second) value = kUnknown;
    }
  }
  return masked;
}

void AddDeclaredStarts(const Trace& trace, std::set<int64_t>* starts) {
  std::istringstream list(trace.Attribute("segment_starts"));
  for (std::string word; list >> word;) {
    int64_t start = 0;
    const auto read =
        std::from_chars(word.data(), word.data() + word.size(), start);
    if (read.ec != std::errc() || *read.ptr != '\0' || start < 0) {
      throw InputError(fmt::format(
          "trace '{}': attribute segment_starts: '{}' is not the number of a "
          "sample",
          trace.source, word));
    }
    if (start < trace.samples()) starts->insert(start);
  }
}

// Adds the samples that come after lost ones.
void AddStartsAfterHoles(const Trace& trace, std::set<int64_t>* starts) {
  std::vector<double> intervals;
  for (size_t t = 1; t < trace.time_seconds.size(); ++t) {
    intervals.push_back(trace.time_seconds[t] - trace.time_seconds[t - 1]);
  }
  if (intervals.empty()) return;
  std::vector<double> sorted = intervals;
  const auto middle = sorted.begin() + sorted.size() / 2;
  std::nth_element(sorted.begin(), middle, sorted.end());
  for (size_t i = 0; i < intervals.size(); ++i) {
    if (intervals[i] > kLongestInterval * *middle) {
      starts->insert(static_cast<int64_t>(i) + 1);
    }
  }
}

void FillFeatures(const Trace& trace, const std::vector<Feature>& features,
                  const std::vector<int64_t>& segment, SampleTable* table) {
  const int64_t samples = trace.samples();
  table->columns = static_cast<int64_t>(features.size());
  table->x.assign(static_cast<size_t>(samples * table->columns), kUnknown);
  table->whole.assign(static_cast<size_t>(samples), 1);
  for (int64_t j = 0; j < table->columns; ++j) {
    const Feature& feature = features[static_cast<size_t>(j)];
    const std::vector<double> values = FeatureValues(trace, feature);
    for (int64_t t = 0; t < samples; ++t) {
      const int64_t sample = t + feature.shift;
      if (!SameSegment(segment, t, sample)) {
        table->whole[static_cast<size_t>(t)] = 0;
        continue;
      }
      table->x[static_cast<size_t>(t * table->columns + j)] =
          values[static_cast<size_t>(sample)];
    }
  }
}

void FillTarget(const std::vector<double>& values, int64_t horizon,
                const std::vector<int64_t>& segment, SampleTable* table) {
  const std::vector<double> known = CarryForward(values, segment);
  for (int64_t t = 0; t < table->rows(); ++t) {
    const size_t row = static_cast<size_t>(t);
    const int64_t last = horizon == 0 ? t - 1 : t;
    if (SameSegment(segment, t, t + horizon)) {
      table->y[row] = values[static_cast<size_t>(t + horizon)];
    }
    if (SameSegment(segment, t, last)) {
      table->last_target[row] = known[static_cast<size_t>(last)];
    }
  }
}

}  // namespace

std::vector<int64_t> SegmentStarts(const Trace& trace) {
  if (trace.samples() == 0) return {};
  std::set<int64_t> starts = {0};
  AddDeclaredStarts(trace, &starts);
  AddStartsAfterHoles(trace, &starts);
  return {starts.begin(), starts.end()};
}

SampleTable BuildSamples(const Trace& trace,
                         const std::vector<Feature>& features,
                         const std::string& target, int64_t horizon,
                         const SampleOptions& options) {
  if (!options.timeouts.empty()) {
    SampleOptions without = options;
    without.timeouts.clear();
    return BuildSamples(WithoutTimeouts(trace, options.timeouts), features,
                        target, horizon, without);
  }
  const std::vector<int64_t> segment = SegmentOfSamples(trace, options);
  SampleTable table;
  table.y.assign(static_cast<size_t>(trace.samples()), kUnknown);
  table.last_target = table.y;
  for (int64_t t = 0; t < trace.samples(); ++t) table.origin.push_back(t);
  FillFeatures(trace, features, segment, &table);
  if (!target.empty()) {
    FillTarget(trace.Get(target).values, horizon, segment, &table);
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
