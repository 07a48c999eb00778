#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "calibration/traces/importers.h"
#include "calibration/traces/numeric_table.h"
#include "calibration/traces/schema.h"

namespace airlock {
namespace {

constexpr double kProbeTimeoutMicroseconds = 15000;
constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

enum FixedColumn { kIndex, kInputRate, kOutputRate, kLatency, kFixedColumns };
constexpr const char* kFixedNames[] = {nullptr, "input_rate", "output_rate",
                                       "latency"};

void CheckHeader(const NumericTable& table) {
  if (table.names.size() <= kFixedColumns) {
    FailAt(table.path, table.header_line, 0,
           fmt::format("{} columns; expected an index, input_rate, "
                       "output_rate, latency and FUNCTION_EVENT counters",
                       table.names.size()));
  }
  for (size_t c = kInputRate; c < kFixedColumns; ++c) {
    if (table.names[c] == kFixedNames[c]) continue;
    table.FailAtName(c,
                     fmt::format("column {} is named {}; expected '{}'", c + 1,
                                 Quoted(table.names[c]), kFixedNames[c]));
  }
  if (table.names[kIndex] != "" && table.names[kIndex] != "Unnamed: 0") {
    table.FailAtName(kIndex, fmt::format("the first column is named {}; "
                                         "expected the row index without name",
                                         Quoted(table.names[kIndex])));
  }
}

// The index counts the seconds of an experiment and restarts at 0 with the
// next one; anything else is a lost or repeated row.
std::string FindSegments(const NumericTable& table) {
  std::string starts;
  double previous = kMissing;
  for (size_t row = 0; row < table.rows(); ++row) {
    const double index = table.values[kIndex][row];
    if (index == 0) {
      starts += fmt::format("{}{}", starts.empty() ? "" : " ", row);
    } else if (!(index > previous) || index != std::floor(index)) {
      FailAt(table.path, table.lines[row], 1,
             row == 0 ? fmt::format("the row index starts at {}, not 0", index)
                      : fmt::format("row index {} after {}; expected a higher "
                                    "one, or 0 for the next experiment",
                                    index, previous));
    }
    previous = index;
  }
  return starts;
}

Column RateColumn(const NumericTable& table, size_t c, const char* name,
                  const char* description) {
  Column column{name, Role::kKpi,  "bit/s",        Scope::kSystem,
                "",   description, table.values[c]};
  for (double& value : column.values) value *= 1e6;
  return column;
}

Column LatencyColumn(const NumericTable& table, int64_t* timeouts) {
  Column column{"latency_mean",        Role::kKpi, "s",
                Scope::kSystem,        "",         "probe latency of the chain",
                table.values[kLatency]};
  for (double& value : column.values) {
    if (value >= kProbeTimeoutMicroseconds) {
      value = kMissing;
      ++*timeouts;
    }
    value /= 1e6;
  }
  return column;
}

// "nf_router_L1-dcache-loads" -> function.nf_router.L1-dcache-loads: event
// names have no underscore, function names may.
Column CounterColumn(const NumericTable& table, size_t c) {
  const std::string& text = table.names[c];
  const size_t split = text.rfind('_');
  if (split == std::string::npos || split == 0 || split + 1 == text.size()) {
    table.FailAtName(c, fmt::format("{} is not FUNCTION_EVENT", Quoted(text)));
  }
  const std::string function = text.substr(0, split);
  const std::string event = text.substr(split + 1);
  return {fmt::format("function.{}.{}", function, event),
          Role::kCounter,
          "1",
          Scope::kFunction,
          function,
          fmt::format("perf event {} of {} in one second", event, function),
          table.values[c]};
}

}  // namespace

Trace ImportDrst(const std::string& path) {
  const TextFile file = ReadTextFile(path);
  const NumericTable table = ReadNumericTable(file, ',');
  CheckHeader(table);
  Trace trace;
  AddAttribute(&trace, "segment_starts", FindSegments(table));
  AddAttribute(&trace, "time_source",
               "row number: one row a second; the file has no time");
  for (size_t row = 0; row < table.rows(); ++row) {
    trace.time_seconds.push_back(static_cast<double>(row));
  }
  trace.columns.push_back(
      RateColumn(table, kInputRate, "offered_rate", "sent into the chain"));
  trace.columns.push_back(RateColumn(table, kOutputRate, "delivered_rate",
                                     "received from the chain"));
  int64_t timeouts = 0;
  trace.columns.push_back(LatencyColumn(table, &timeouts));
  AddAttribute(&trace, "latency_timeouts", std::to_string(timeouts));
  for (size_t c = kFixedColumns; c < table.names.size(); ++c) {
    trace.columns.push_back(CounterColumn(table, c));
  }
  return trace;
}

}  // namespace airlock
