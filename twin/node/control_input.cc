#include "twin/node/control_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "sim/base/diagnostics.h"
#include "sim/base/error.h"
#include "sim/telemetry/wlan_columns.h"

namespace airlock {
namespace {

double Combine(OverSamples over, double total, int64_t count, double last) {
  switch (over) {
    case OverSamples::kMean:
      return count == 1 ? last : total / static_cast<double>(count);
    case OverSamples::kSum:
      return total;
    case OverSamples::kLast:
      break;
  }
  return last;
}

}  // namespace

std::string NearestText(const std::string& name,
                        const std::vector<std::string>& known) {
  const std::string nearest = NearestName(name, known);
  return nearest.empty() ? "" : fmt::format(" (it has '{}')", nearest);
}

void AddMissing(const std::vector<std::string>& names,
                const std::vector<std::string>& known, std::string* list) {
  for (const std::string& name : names) {
    if (std::count(known.begin(), known.end(), name) > 0) continue;
    *list += fmt::format("{}'{}'{}", list->empty() ? "" : ", ", name,
                         NearestText(name, known));
  }
}

void ControlInput::Bind(const Trace& columns) {
  rules_.check(columns);
  columns_.clear();
  for (const Column& column : columns.columns) {
    columns_.push_back(
        {column.name, rules_.rule(column.name), Sum{0, 0, kMissing}});
  }
  taken_ = 0;
}

SampleFaults ControlInput::Take(const Trace& samples, int64_t index) {
  AIRLOCK_CHECK(samples.columns.size() == columns_.size());
  SampleFaults faults;
  int64_t needed = 0, missing = 0, present = 0, outside = 0;
  for (size_t c = 0; c < columns_.size(); ++c) {
    Bound& column = columns_[c];
    const double value = samples.columns[c].values[static_cast<size_t>(index)];
    const bool absent = std::isnan(value);
    needed += column.rule.needed;
    if (absent) {
      if (column.rule.needed && missing++ == 0) faults.missing = column.name;
      continue;
    }
    ++present;
    if (!(value >= column.rule.low && value <= column.rule.high) &&
        outside++ == 0) {
      faults.outside =
          fmt::format("{} is {:g}, beyond {:g} to {:g}", column.name, value,
                      column.rule.low, column.rule.high);
    }
    column.sum.total += value;
    ++column.sum.count;
    column.sum.last = value;
  }
  ++taken_;
  faults.missing_share =
      Share(static_cast<double>(missing), static_cast<double>(needed));
  faults.outside_share =
      present > 0 ? static_cast<double>(outside) / static_cast<double>(present)
                  : 0;
  return faults;
}

Observation ControlInput::Finish(double seconds) {
  Observation observation;
  observation.time = FromSeconds(seconds);
  for (Bound& column : columns_) {
    const Sum sum = std::exchange(column.sum, Sum{0, 0, kMissing});
    observation.values[column.name] =
        sum.count > 0
            ? Combine(column.rule.over, sum.total, sum.count, sum.last)
            : kMissing;
  }
  taken_ = 0;
  return observation;
}

}  // namespace airlock
