#include <fmt/format.h>

#include "calibration/traces/importers.h"
#include "calibration/traces/numeric_table.h"
#include "calibration/traces/schema.h"

namespace airlock {
namespace {

// Times from this on are seconds since 1970, not since a start.
constexpr double kEpochLike = 1e8;

struct HeaderName {
  std::string name;
  std::string unit;  // empty if there is none
};

// "rate [Mbit/s]" -> {"rate", "Mbit/s"}. Throws InputError at a bracket that
// does not close, or an empty name.
HeaderName SplitUnit(const NumericTable& table, size_t column) {
  const std::string& text = table.names[column];
  const size_t open = text.find('[');
  if (open == std::string::npos) {
    if (text.empty()) table.FailAtName(column, "this column has no name");
    return {text, ""};
  }
  if (text.back() != ']') {
    table.FailAtName(column, fmt::format("{}: a unit stands at the end, in "
                                         "brackets: `name [unit]`",
                                         Quoted(text)));
  }
  const std::string name(Trim(std::string_view(text).substr(0, open)));
  if (name.empty()) table.FailAtName(column, "this column has no name");
  return {name, text.substr(open + 1, text.size() - open - 2)};
}

size_t FindTimeColumn(const std::vector<HeaderName>& names) {
  for (const char* const wanted : {"time", "timestamp", "t"}) {
    for (size_t c = 0; c < names.size(); ++c) {
      if (names[c].name == wanted) return c;
    }
  }
  return 0;
}

Column MakeColumn(const NumericTable& table, size_t c, const HeaderName& name) {
  Column column;
  column.name = name.name;
  SetRoleAndScopeFromName(&column);
  const UnitConversion unit = ToBaseUnit(name.unit);
  column.unit = unit.unit.empty() ? "1" : unit.unit;
  column.values = table.values[c];
  for (double& value : column.values) value = unit.Apply(value);
  return column;
}

}  // namespace

Trace ImportCsv(const std::string& path) {
  const TextFile file = ReadTextFile(path);
  const char separator = GuessSeparator(file.text, ",;\t");
  // Which column is the time is known only from the header, so it is read
  // first; dates are allowed in that column alone.
  std::vector<HeaderName> names;
  CsvReader reader(file, separator);
  std::vector<CsvCell> cells;
  NumericTable header;
  header.path = file.path;
  if (!reader.Next(&cells)) FailAt(path, 0, 0, "the file has no header line");
  header.header_line = reader.line();
  for (size_t c = 0; c < cells.size(); ++c) {
    header.names.emplace_back(cells[c].text);
    header.name_columns.push_back(cells[c].column);
    names.push_back(SplitUnit(header, c));
  }
  const size_t time = FindTimeColumn(names);
  const NumericTable table =
      ReadNumericTable(file, separator, static_cast<int>(time));

  Trace trace;
  const UnitConversion unit = ToBaseUnit(names[time].unit);
  if (!names[time].unit.empty() && unit.unit != "s") {
    table.FailAtName(time, fmt::format("the time is in {}; write s, ms, us, ns "
                                       "or min",
                                       Quoted(names[time].unit)));
  }
  trace.time_seconds = table.TakeTime(time, unit.multiply, unit.divide);
  AddAttribute(&trace, "time_column", names[time].name);
  for (size_t c = 0; c < names.size(); ++c) {
    if (c == time) continue;
    Column column = MakeColumn(table, c, names[c]);
    if (trace.Find(column.name) != nullptr) {
      table.FailAtName(
          c, fmt::format("a second column is named {}", Quoted(column.name)));
    }
    trace.columns.push_back(std::move(column));
  }
  if (trace.time_seconds.front() >= kEpochLike) StartTimeAtZero(&trace);
  return trace;
}

}  // namespace airlock
