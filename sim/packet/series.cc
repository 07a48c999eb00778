#include "sim/packet/series.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/base/error.h"
#include "sim/stats/batch_means.h"

namespace airlock {

Column KpiColumn(const std::string& name, const std::string& unit,
                 const std::string& description) {
  Column column;
  column.name = name;
  column.role = Role::kKpi;
  column.unit = unit;
  column.description = description;
  return column;
}

Column CounterColumn(Scope scope, const std::string& scope_id,
                     const std::string& metric, const std::string& unit,
                     const std::string& description) {
  Column column;
  column.name = ToString(scope) + std::string(".") +
                (scope_id.empty() ? "" : scope_id + ".") + metric;
  column.unit = unit;
  column.scope = scope;
  column.scope_id = scope_id;
  column.description = description;
  return column;
}

SeriesRecorder::SeriesRecorder(const std::vector<Column>& columns) {
  trace_.source = "simulation/packet";
  trace_.columns = columns;
}

void SeriesRecorder::Append(SimTime end, const std::vector<double>& values) {
  AIRLOCK_CHECK(values.size() == trace_.columns.size(), "{} values, {} columns",
                values.size(), trace_.columns.size());
  ends_.push_back(end);
  trace_.time_seconds.push_back(Seconds(end));
  for (size_t i = 0; i < values.size(); ++i) {
    trace_.columns[i].values.push_back(values[i]);
  }
}

SimTime SeriesRecorder::Warmup(const std::vector<std::string>& columns) const {
  constexpr size_t kFewest = 20;  // four batches of five
  if (ends_.size() < kFewest) return SimTime();
  int64_t drop = 0;
  for (const std::string& name : columns) {
    std::vector<double> values = trace_.Get(name).values;
    std::replace_if(
        values.begin(), values.end(), [](double v) { return std::isnan(v); },
        0.0);
    drop = std::max(drop, Mser5(values).drop);
  }
  return drop == 0 ? SimTime() : ends_[static_cast<size_t>(drop - 1)];
}

int64_t SeriesRecorder::FirstAfter(SimTime warmup) const {
  // Interval i begins where interval i - 1 ends.
  const auto end = std::find_if(ends_.begin(), ends_.end(),
                                [&](SimTime t) { return t >= warmup; });
  if (warmup == SimTime()) return 0;
  return std::min<int64_t>(end - ends_.begin() + 1,
                           static_cast<int64_t>(ends_.size()));
}

Observation MakeObservation(SimTime time, const std::vector<Column>& columns,
                            const std::vector<double>& values) {
  AIRLOCK_CHECK(values.size() == columns.size(), "{} values, {} columns",
                values.size(), columns.size());
  Observation observation;
  observation.time = time;
  for (size_t i = 0; i < values.size(); ++i) {
    observation.values[columns[i].name] = values[i];
  }
  return observation;
}

double MeanFrom(const Column& column, int64_t first) {
  double sum = 0;
  int64_t count = 0;
  for (size_t i = static_cast<size_t>(first); i < column.values.size(); ++i) {
    if (!std::isfinite(column.values[i])) continue;
    sum += column.values[i];
    ++count;
  }
  if (count == 0) return std::numeric_limits<double>::quiet_NaN();
  return sum / static_cast<double>(count);
}

}  // namespace airlock
