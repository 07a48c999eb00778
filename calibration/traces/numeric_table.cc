#include "calibration/traces/numeric_table.h"

#include <cmath>
#include <limits>
#include <map>

#include "calibration/traces/schema.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

void ReadHeader(CsvReader* reader, NumericTable* table) {
  std::vector<CsvCell> cells;
  if (!reader->Next(&cells)) {
    FailAt(table->path, 0, 0, "the file has no header line");
  }
  table->header_line = reader->line();
  std::map<std::string, int> seen;
  for (const CsvCell& cell : cells) {
    const std::string name(cell.text);
    const auto [found, inserted] = seen.emplace(name, cell.column);
    if (!inserted) {
      reader->Fail(cell.column,
                   fmt::format("a second column is named {}; the first is at "
                               "column {}",
                               Quoted(name), found->second));
    }
    table->names.push_back(name);
    table->name_columns.push_back(cell.column);
  }
  table->values.resize(cells.size());
}

double ReadCell(const CsvReader& reader, const CsvCell& cell,
                const std::string& name, bool may_be_date) {
  double seconds = 0;
  if (may_be_date && ParseDateTime(cell.text, &seconds)) return seconds;
  return NumberOrMissing(reader, cell, name);
}

}  // namespace

void NumericTable::FailAtName(size_t column, const std::string& message) const {
  FailAt(path, header_line, name_columns[column], message);
}

std::vector<double> NumericTable::TakeTime(size_t column, double multiply,
                                           double divide) const {
  std::vector<double> times;
  times.reserve(rows());
  double previous = std::numeric_limits<double>::quiet_NaN();
  for (size_t row = 0; row < rows(); ++row) {
    const double time = values[column][row] * multiply / divide;
    CheckTimeAdvances(path, lines[row], previous, time);
    times.push_back(time);
    previous = time;
  }
  return times;
}

NumericTable ReadNumericTable(const TextFile& file, char separator,
                              int date_column) {
  NumericTable table;
  table.path = file.path;
  CsvReader reader(file, separator);
  ReadHeader(&reader, &table);
  std::vector<CsvCell> cells;
  while (reader.Next(&cells)) {
    if (cells.size() != table.names.size()) {
      reader.Fail(
          0, fmt::format("{} cells; the header in line {} has {}", cells.size(),
                         table.header_line, table.names.size()));
    }
    table.lines.push_back(reader.line());
    for (size_t c = 0; c < cells.size(); ++c) {
      table.values[c].push_back(ReadCell(reader, cells[c], table.names[c],
                                         static_cast<int>(c) == date_column));
    }
  }
  if (table.rows() == 0) {
    FailAt(file.path, table.header_line, 0,
           "there is no row of values below the header");
  }
  return table;
}

void CheckTimeAdvances(const std::string& path, int line, double previous,
                       double time) {
  if (!std::isfinite(time)) FailAt(path, line, 1, "the time is missing");
  if (time <= previous) {
    FailAt(path, line, 1,
           fmt::format("time {:.12g} s does not come after {:.12g} s of the "
                       "row before",
                       time, previous));
  }
}

}  // namespace airlock
