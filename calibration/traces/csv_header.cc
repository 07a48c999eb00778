#include "calibration/traces/csv_header.h"

#include <fmt/format.h>

#include <map>

namespace airlock {
namespace {

struct HeaderName {
  std::string name;
  std::string unit;  // empty if there is none
};

// "rate [Mbit/s]" -> {"rate", "Mbit/s"}.
HeaderName SplitUnit(const CsvReader& reader, const CsvCell& cell) {
  const std::string text(cell.text);
  const size_t open = text.find('[');
  if (open == std::string::npos) {
    if (text.empty()) reader.Fail(cell.column, "this column has no name");
    return {text, ""};
  }
  if (text.back() != ']') {
    reader.Fail(cell.column,
                fmt::format("{}: a unit stands at the end, in brackets: `name "
                            "[unit]`",
                            Quoted(text)));
  }
  const std::string name(Trim(std::string_view(text).substr(0, open)));
  if (name.empty()) reader.Fail(cell.column, "this column has no name");
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

}  // namespace

CsvHeader ReadCsvHeader(CsvReader* reader) {
  std::vector<CsvCell> cells;
  if (!reader->Next(&cells)) {
    reader->Fail(0, "the file has no header line");
  }
  CsvHeader header;
  header.line = reader->line();
  std::vector<HeaderName> names;
  std::map<std::string, int> seen;
  for (const CsvCell& cell : cells) {
    names.push_back(SplitUnit(*reader, cell));
    const auto [found, inserted] = seen.emplace(names.back().name, cell.column);
    if (!inserted) {
      reader->Fail(cell.column,
                   fmt::format("a second column is named {}; the first is at "
                               "column {}",
                               Quoted(names.back().name), found->second));
    }
    header.units.push_back(ToBaseUnit(names.back().unit));
  }
  header.time = FindTimeColumn(names);
  header.time_name = names[header.time].name;
  header.time_unit = header.units[header.time];
  if (!names[header.time].unit.empty() && header.time_unit.unit != "s") {
    reader->Fail(cells[header.time].column,
                 fmt::format("the time is in {}; write s, ms, us, ns or min",
                             Quoted(names[header.time].unit)));
  }
  for (size_t c = 0; c < names.size(); ++c) {
    if (c == header.time) continue;
    Column column;
    column.name = names[c].name;
    SetRoleAndScopeFromName(&column);
    column.unit = header.units[c].unit.empty() ? "1" : header.units[c].unit;
    header.columns.push_back(std::move(column));
  }
  return header;
}

}  // namespace airlock
