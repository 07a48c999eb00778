#include "twin/gate/series_files.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "sim/results/hdf5_file.h"

namespace airlock {
namespace {

Column MakeColumn(const std::string& name, const std::string& unit,
                  std::vector<double> values) {
  Column column;
  column.name = name;
  column.role = Role::kKpi;
  column.unit = unit;
  column.values = std::move(values);
  return column;
}

// `values[i]` belongs to `origins[i]`; NaN where `wanted` has another.
std::vector<double> At(const std::vector<int64_t>& wanted,
                       const std::vector<int64_t>& origins,
                       const std::vector<double>& values) {
  std::vector<double> found(wanted.size(),
                            std::numeric_limits<double>::quiet_NaN());
  for (size_t i = 0; i < wanted.size(); ++i) {
    const auto at = std::lower_bound(origins.begin(), origins.end(), wanted[i]);
    if (at == origins.end() || *at != wanted[i]) continue;
    found[i] = values[static_cast<size_t>(at - origins.begin())];
  }
  return found;
}

bool AnyKnown(const std::vector<double>& values) {
  return std::any_of(values.begin(), values.end(),
                     [](double value) { return !std::isnan(value); });
}

}  // namespace

void WriteHeldOut(const Trace& trace, const std::string& target,
                  const std::map<std::string, Answers>& answers,
                  const std::string& path) {
  const Answers& candidate = answers.at("candidate");
  const std::vector<int64_t>& origins = candidate.predictions.origin;
  const Column* const column = trace.Find(target);
  const std::string unit = column != nullptr ? column->unit : "1";
  Trace series;
  series.source = "gate";
  series.origin = "held-out forecasts of " + target;
  for (const int64_t origin : origins) {
    series.time_seconds.push_back(
        trace.time_seconds[static_cast<size_t>(origin)]);
  }
  series.columns.push_back(
      MakeColumn("measured", unit, candidate.predictions.observed));
  for (const char* model : {"candidate", "incumbent"}) {
    const auto at = answers.find(model);
    if (at == answers.end()) continue;
    const Predictions& p = at->second.predictions;
    series.columns.push_back(
        MakeColumn(model, unit, At(origins, p.origin, p.value)));
  }
  if (AnyKnown(candidate.low) && AnyKnown(candidate.high)) {
    series.columns.push_back(MakeColumn("low", unit, candidate.low));
    series.columns.push_back(MakeColumn("high", unit, candidate.high));
  }
  if (!origins.empty()) WriteTrace(series, path);
}

DriftWatch WatchAndWrite(const Trace& stream, DriftTrigger* trigger,
                         const std::string& path) {
  std::vector<double> statistic;
  DriftWatch watch = WatchWithStatistic(stream, trigger, &statistic);
  Trace series;
  series.source = "gate";
  series.origin = "a drift trigger's statistic";
  series.time_seconds = stream.time_seconds;
  series.columns = {
      MakeColumn("statistic", "1", std::move(statistic)),
      MakeColumn("threshold", "1",
                 std::vector<double>(stream.time_seconds.size(),
                                     trigger->detector().threshold()))};
  if (stream.samples() > 0) WriteTrace(series, path);
  return watch;
}

}  // namespace airlock
