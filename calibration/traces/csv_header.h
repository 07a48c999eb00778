#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "calibration/traces/csv.h"
#include "calibration/traces/schema.h"
#include "sim/telemetry/trace.h"

namespace airlock {

// Separators that a CSV of ours may have.
constexpr std::string_view kCsvSeparators = ",;\t";

// What the header line of a CSV says: `time` is the cell with the time (named
// time, timestamp or t; else the first), every other one names a column, with
// its unit in brackets.
struct CsvHeader {
  size_t time = 0;
  std::string time_name;
  UnitConversion time_unit;           // to seconds
  std::vector<UnitConversion> units;  // one a cell
  std::vector<Column> columns;  // one a cell but the time's, without values
  int line = 0;

  size_t cells() const { return units.size(); }
};

// Reads the next row as a header. Throws InputError with its position for a
// name that is empty or there twice, a bracket that does not close, or a time
// in another unit than one of time.
CsvHeader ReadCsvHeader(CsvReader* reader);

}  // namespace airlock
