#include "calibration/traces/csv_header.h"
#include "calibration/traces/importers.h"
#include "calibration/traces/numeric_table.h"
#include "calibration/traces/schema.h"

namespace airlock {
namespace {

// Times from this on are seconds since 1970, not since a start.
constexpr double kEpochLike = 1e8;

}  // namespace

Trace ImportCsv(const std::string& path) {
  const TextFile file = ReadTextFile(path);
  const char separator = GuessSeparator(file.text, kCsvSeparators);
  // Which column is the time is known only from the header, so it is read
  // first; dates are allowed in that column alone.
  CsvReader reader(file, separator);
  const CsvHeader header = ReadCsvHeader(&reader);
  const NumericTable table =
      ReadNumericTable(file, separator, static_cast<int>(header.time));

  Trace trace;
  trace.time_seconds = table.TakeTime(header.time, header.time_unit.multiply,
                                      header.time_unit.divide);
  AddAttribute(&trace, "time_column", header.time_name);
  size_t c = 0;
  for (Column column : header.columns) {
    if (c == header.time) ++c;
    column.values = table.values[c];
    for (double& value : column.values) value = header.units[c].Apply(value);
    trace.columns.push_back(std::move(column));
    ++c;
  }
  if (trace.time_seconds.front() >= kEpochLike) StartTimeAtZero(&trace);
  return trace;
}

}  // namespace airlock
