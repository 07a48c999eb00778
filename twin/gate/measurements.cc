#include "twin/gate/measurements.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "calibration/traces/csv.h"
#include "calibration/traces/text_file.h"
#include "twin/gate/amount.h"

namespace airlock {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// A KPI column's name and how its values become base units.
struct KpiColumn {
  std::string name;
  std::string unit;
  double factor = 1;
  size_t cell = 0;
};

// One row, values in base units by KPI column.
struct Row {
  int64_t replication = 0;
  double seconds = kNaN;
  std::vector<double> values;
};

struct Header {
  size_t replication = 0;
  size_t model = 0;
  std::optional<KpiColumn> time;
  std::vector<KpiColumn> kpis;
  size_t cells = 0;
};

// "latency_p99 [ms]" as name and unit; false without brackets.
bool SplitUnit(std::string_view text, std::string* name, std::string* unit) {
  const size_t open = text.find_first_of("[(");
  if (open == std::string_view::npos) return false;
  const char close = text[open] == '[' ? ']' : ')';
  if (text.back() != close) return false;
  *name = Trim(text.substr(0, open));
  *unit = Trim(text.substr(open + 1, text.size() - open - 2));
  return !name->empty();
}

KpiColumn ReadKpiName(const CsvReader& reader, const CsvCell& cell,
                      size_t index) {
  KpiColumn column;
  column.cell = index;
  if (!SplitUnit(cell.text, &column.name, &column.unit)) {
    reader.Fail(cell.column,
                fmt::format("the column {} does not say its unit: write it as "
                            "'{} [UNIT]'; UNIT is 1 or one of {}",
                            Quoted(cell.text), cell.text, AmountUnits()));
  }
  if (column.unit == "1") return column;
  if (column.unit == "%") {
    column.unit = "1";
    column.factor = 0.01;
    return column;
  }
  const std::optional<Amount> one = ParseAmount("1" + column.unit);
  if (!one || one->relative) {
    reader.Fail(cell.column, fmt::format("{}: no such unit; use 1 or one of {}",
                                         Quoted(column.unit), AmountUnits()));
  }
  column.unit = one->unit;
  column.factor = one->value;
  return column;
}

Header ReadHeader(const CsvReader& reader, const std::vector<CsvCell>& cells) {
  Header header;
  header.cells = cells.size();
  std::set<std::string> names;
  for (size_t i = 0; i < cells.size(); ++i) {
    const std::string text(cells[i].text);
    std::string name = text;
    if (text == "replication") {
      header.replication = i;
    } else if (text == "model") {
      header.model = i;
    } else {
      KpiColumn column = ReadKpiName(reader, cells[i], i);
      name = column.name;
      if (name == "time") {
        header.time = std::move(column);
      } else {
        header.kpis.push_back(std::move(column));
      }
    }
    if (!names.insert(name).second) {
      reader.Fail(cells[i].column,
                  fmt::format("a second column {}", Quoted(name)));
    }
  }
  for (const char* needed : {"replication", "model"}) {
    if (names.count(needed) == 0) {
      reader.Fail(1, fmt::format("there is no column '{}'", needed));
    }
  }
  if (header.kpis.empty()) reader.Fail(1, "there is no column with a KPI");
  if (header.time && header.time->unit != "s") {
    reader.Fail(cells[header.time->cell].column,
                "'time' is not in a time unit");
  }
  return header;
}

Row ReadRow(const CsvReader& reader, const Header& header,
            const std::vector<CsvCell>& cells) {
  if (cells.size() != header.cells) {
    reader.Fail(1, fmt::format("{} cells; the header has {}", cells.size(),
                               header.cells));
  }
  Row row;
  const CsvCell& replication = cells[header.replication];
  if (!ParseInteger(replication.text, &row.replication)) {
    reader.Fail(replication.column,
                fmt::format("replication: {} is not a whole number",
                            Quoted(replication.text)));
  }
  if (header.time) {
    row.seconds =
        header.time->factor *
        NumberOrMissing(reader, cells[header.time->cell], header.time->name);
  }
  for (const KpiColumn& kpi : header.kpis) {
    row.values.push_back(kpi.factor *
                         NumberOrMissing(reader, cells[kpi.cell], kpi.name));
  }
  return row;
}

bool IsWhole(double value) { return value == std::floor(value); }

// Rows that repeat the one before in every KPI: a source that has stopped. A
// row of whole numbers only may be so by itself.
int64_t CountStale(const std::vector<Row>& rows) {
  int64_t stale = 0;
  for (size_t i = 1; i < rows.size(); ++i) {
    const std::vector<double>& values = rows[i].values;
    if (values != rows[i - 1].values) continue;
    if (!std::all_of(values.begin(), values.end(), IsWhole)) ++stale;
  }
  return stale;
}

// Whether both models have the same replications, each once, in any order.
bool ArePaired(const std::vector<Row>& a, const std::vector<Row>& b) {
  const auto numbers = [](const std::vector<Row>& rows) {
    std::set<int64_t> found;
    for (const Row& row : rows) found.insert(row.replication);
    return found;
  };
  return a.size() == b.size() && numbers(a) == numbers(b) &&
         numbers(a).size() == a.size();
}

void CheckClock(const std::string& model, const std::vector<Row>& rows,
                std::vector<std::string>* faults) {
  for (size_t i = 1; i < rows.size(); ++i) {
    if (rows[i].seconds >= rows[i - 1].seconds ||
        (std::isnan(rows[i].seconds) && std::isnan(rows[i - 1].seconds))) {
      continue;
    }
    faults->push_back(
        fmt::format("the clock of {} goes back, or is missing, "
                    "at its row {} (replication {})",
                    model, i + 1, rows[i].replication));
    return;
  }
}

KpiSamples SamplesOf(const KpiColumn& column, size_t index,
                     const std::map<std::string, std::vector<Row>>& rows) {
  KpiSamples samples;
  samples.kpi = column.name;
  samples.source = KpiSource::kMeasured;
  samples.paired = ArePaired(rows.at("candidate"), rows.at("incumbent"));
  samples.discrete = column.unit == "1" || column.unit == "packet";
  for (const auto& [model, of_model] : rows) {
    KpiSeries& series = samples.models[model];
    series.unit = column.unit;
    series.clock = "measured";
    series.stale = CountStale(of_model);
    for (const Row& row : of_model) {
      const double value = row.values[index];
      series.values.push_back(value);
      if (!IsWhole(value / column.factor)) samples.discrete = false;
    }
  }
  return samples;
}

}  // namespace

MeasuredTable ReadMeasurements(const std::string& path,
                               const std::string& candidate,
                               const std::string& incumbent) {
  const TextFile file = ReadTextFile(path);
  CsvReader reader(file, GuessSeparator(file.text, ",;\t"),
                   CsvReader::LastLine::kMayEnd);
  std::vector<CsvCell> cells;
  if (!reader.Next(&cells)) FailAt(path, 1, 0, "there is no header");
  const Header header = ReadHeader(reader, cells);
  std::map<std::string, std::vector<Row>> rows;
  std::set<std::pair<std::string, std::pair<int64_t, double>>> seen;
  rows["candidate"];
  rows["incumbent"];
  while (reader.Next(&cells)) {
    Row row = ReadRow(reader, header, cells);
    const std::string name(cells[header.model].text);
    if (name != candidate && name != incumbent) {
      reader.Fail(cells[header.model].column,
                  fmt::format("the model {} is neither the candidate '{}' nor "
                              "the incumbent '{}'",
                              Quoted(name), candidate, incumbent));
    }
    const double time = std::isnan(row.seconds) ? 0 : row.seconds;
    if (!seen.insert({name, {row.replication, time}}).second) {
      reader.Fail(
          1, fmt::format("a second row of {} in replication {}{}", Quoted(name),
                         row.replication, header.time ? " at this time" : ""));
    }
    rows[name == candidate ? "candidate" : "incumbent"].push_back(
        std::move(row));
  }
  MeasuredTable table;
  for (auto& [model, of_model] : rows) {
    if (of_model.empty()) {
      table.faults.push_back("there is no row of the " + model);
    }
    if (header.time) CheckClock(model, of_model, &table.faults);
    std::stable_sort(of_model.begin(), of_model.end(),
                     [](const Row& a, const Row& b) {
                       return a.replication < b.replication;
                     });
  }
  for (size_t i = 0; i < header.kpis.size(); ++i) {
    table.kpis.push_back(SamplesOf(header.kpis[i], i, rows));
  }
  return table;
}

}  // namespace airlock
