#include "sim/workload/flow_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/config/reader.h"

namespace airlock {
namespace {

struct Cell {
  std::string text;
  Mark mark;
};

// A text file as rows of cells that know where they stand.
class Table {
 public:
  Table(const std::string& path, Diagnostics* diagnostics)
      : diagnostics_(diagnostics) {
    auto source = std::make_shared<SourceText>();
    source->name = path;
    std::string line;
    for (char c : text_ = Load(path)) {
      if (c != '\n') {
        if (c != '\r') line += c;
        continue;
      }
      source->lines.push_back(line);
      line.clear();
    }
    if (!line.empty()) source->lines.push_back(line);
    source_ = source;
    for (size_t i = 0; i < source->lines.size(); ++i) Split(i);
    if (readable_ && rows_.empty()) Complain({source_, 0, 0, 1}, "is empty");
  }

  bool readable() const { return readable_; }
  const std::string& text() const { return text_; }
  const std::vector<std::vector<Cell>>& rows() const { return rows_; }
  void Complain(const Mark& mark, const std::string& message,
                const std::string& hint = "") const {
    AddFinding(mark, "", message, hint, diagnostics_);
  }
  // The number in `cell`; NaN, and a finding, where there is none.
  double Number(const Cell& cell) const {
    double value = 0;
    const char* end = cell.text.data() + cell.text.size();
    const auto result = std::from_chars(cell.text.data(), end, value);
    if (result.ec == std::errc() && result.ptr == end && std::isfinite(value)) {
      return value;
    }
    Complain(cell.mark, "'" + cell.text + "' is not a number");
    return std::nan("");
  }
  // Whether `row` has `count` cells, `what`; a finding where it has not.
  bool HasCells(const std::vector<Cell>& row, size_t count,
                const std::string& what) const {
    if (row.size() == count) return true;
    Complain(row.back().mark, fmt::format("{} values in the line", row.size()),
             fmt::format("a line has {}: {}", count, what));
    return false;
  }

 private:
  std::string Load(const std::string& path) {
    try {
      return ReadFile(path);
    } catch (const Error& error) {
      readable_ = false;
      diagnostics_->Add({Diagnostic::Severity::kError, path, 0, 0, 1, "",
                         error.what(), "", ""});
      return "";
    }
  }

  // Cells are between blanks and commas, but for the header of a CSV file, in
  // which blanks belong to the names.
  void Split(size_t index) {
    const std::string& line = source_->lines[index];
    const size_t end = std::min(line.find('#'), line.size());
    const bool letters = std::any_of(line.begin(), line.begin() + end,
                                     [](char c) { return c == '['; });
    const std::string between = letters ? "," : ", \t;";
    std::vector<Cell> row;
    size_t at = 0;
    while ((at = line.find_first_not_of(between, at)) < end) {
      const size_t stop = std::min(line.find_first_of(between, at), end);
      row.push_back({line.substr(at, stop - at),
                     {source_, static_cast<int>(index) + 1,
                      static_cast<int>(at) + 1, static_cast<int>(stop - at)}});
      at = stop;
    }
    if (!row.empty()) rows_.push_back(std::move(row));
  }

  Diagnostics* diagnostics_;
  bool readable_ = true;
  std::string text_;
  std::shared_ptr<const SourceText> source_;
  std::vector<std::vector<Cell>> rows_;
};

// A whole number of at least `least`.
std::optional<int64_t> Whole(const Table& table, const Cell& cell,
                             int64_t least) {
  const double value = table.Number(cell);
  if (std::isnan(value)) return std::nullopt;
  if (value == std::floor(value) && value < 1e18 &&
      value >= static_cast<double>(least)) {
    return static_cast<int64_t>(value);
  }
  table.Complain(cell.mark, fmt::format("'{}' is not a whole number of at "
                                        "least {}",
                                        cell.text, least));
  return std::nullopt;
}

void CheckAmounts(const RackMatrix& matrix, const Mark& whole,
                  Diagnostics* diagnostics) {
  if (matrix.racks > 0 && matrix.Busiest() > 0) return;
  AddFinding(whole, "", "no rack sends anything", "", diagnostics);
}

// One row of a matrix of `size` columns, appended to `amounts`.
void AppendAmount(double amount, const Mark& mark, Diagnostics* diagnostics,
                  std::vector<double>* amounts) {
  if (amount < 0) {
    AddFinding(mark, "", fmt::format("{} is below 0", amount), "", diagnostics);
  }
  amounts->push_back(amount);
}

RackMatrix MatrixOfTable(const Table& table, Diagnostics* diagnostics) {
  RackMatrix matrix;
  matrix.racks = table.rows().size();
  for (const std::vector<Cell>& row : table.rows()) {
    if (!table.HasCells(row, matrix.racks, "as many as there are lines")) {
      return matrix;
    }
    for (const Cell& cell : row) {
      AppendAmount(table.Number(cell), cell.mark, diagnostics, &matrix.amounts);
    }
  }
  if (!diagnostics->has_errors()) {
    CheckAmounts(matrix, table.rows()[0][0].mark, diagnostics);
  }
  return matrix;
}

RackMatrix MatrixOfJson(const std::string& path, Diagnostics* diagnostics) {
  RackMatrix matrix;
  const auto document = ReadDocument(path, {}, diagnostics);
  if (!document) return matrix;
  const Node::Entry* entry = document->root.Find("matrix");
  if (entry != nullptr && entry->value.Find("inner") != nullptr) {
    entry = entry->value.Find("inner");
  }
  if (entry == nullptr || entry->value.kind != Node::Kind::kList) {
    AddFinding(document->root.mark, "", "has no list of lists 'matrix'", "",
               diagnostics);
    return matrix;
  }
  matrix.racks = entry->value.items.size();
  for (const Node& row : entry->value.items) {
    if (row.items.size() != matrix.racks) {
      AddFinding(
          row.mark, "", fmt::format("{} values in the row", row.items.size()),
          fmt::format("a row has {}, as many as there are rows", matrix.racks),
          diagnostics);
      return matrix;
    }
    for (const Node& cell : row.items) {
      double value = 0;
      const char* end = cell.text.data() + cell.text.size();
      const auto read = std::from_chars(cell.text.data(), end, value);
      if (cell.kind != Node::Kind::kScalar || read.ec != std::errc() ||
          read.ptr != end || !std::isfinite(value)) {
        AddFinding(cell.mark, "", "'" + cell.text + "' is not a number", "",
                   diagnostics);
      }
      AppendAmount(value, cell.mark, diagnostics, &matrix.amounts);
    }
  }
  if (!diagnostics->has_errors()) {
    CheckAmounts(matrix, entry->value.mark, diagnostics);
  }
  return matrix;
}

constexpr char kFlowHeader[] = "time [s],from,to,bytes";

bool HasFlowHeader(const Table& table) {
  std::string header;
  for (const Cell& cell : table.rows()[0]) {
    header += (header.empty() ? "" : ",") + cell.text;
  }
  if (header == kFlowHeader) return true;
  table.Complain(table.rows()[0][0].mark, "the columns are not named",
                 fmt::format("the first line is {}", kFlowHeader));
  return false;
}

// A host's number below `hosts`.
std::optional<int64_t> Host(const Table& table, const Cell& cell,
                            int64_t hosts) {
  const auto host = Whole(table, cell, 0);
  if (!host || *host < hosts) return host;
  table.Complain(cell.mark, fmt::format("there is no host {}", *host),
                 fmt::format("the topology has the hosts 0 to {}", hosts - 1));
  return std::nullopt;
}

std::optional<ListedFlow> ReadFlow(const Table& table,
                                   const std::vector<Cell>& row,
                                   int64_t hosts) {
  constexpr double kMostSeconds = 9e9;  // of a SimTime
  if (!table.HasCells(row, 4, kFlowHeader)) return std::nullopt;
  const double seconds = table.Number(row[0]);
  const auto from = Host(table, row[1], hosts);
  const auto to = Host(table, row[2], hosts);
  const auto bytes = Whole(table, row[3], 1);
  const bool late = seconds < 0 || seconds > kMostSeconds;
  if (late) table.Complain(row[0].mark, row[0].text + " is outside of any run");
  if (from && to && *from == *to) {
    table.Complain(row[2].mark, fmt::format("host {} sends to itself", *to));
  }
  if (std::isnan(seconds) || late || !from || !to || !bytes) {
    return std::nullopt;
  }
  return ListedFlow{FromSeconds(seconds), *from, *to, DataSize(*bytes)};
}

// Moves what was found to `*diagnostics`; `value` if none of it is an error.
template <typename T>
std::optional<T> Unless(Diagnostics found, T value, Diagnostics* diagnostics) {
  const bool good = !found.has_errors();
  diagnostics->Append(std::move(found));
  if (!good) return std::nullopt;
  return value;
}

}  // namespace

double RackMatrix::Busiest() const {
  double most = 0;
  for (size_t i = 0; i < racks; ++i) {
    double sent = 0;
    double received = 0;
    for (size_t j = 0; j < racks; ++j) {
      sent += At(i, j);
      received += At(j, i);
    }
    most = std::max({most, sent, received});
  }
  return most;
}

std::optional<FlowSizes> ReadFlowSizes(const std::string& path,
                                       Diagnostics* diagnostics) {
  Diagnostics found;
  const Table table(path, &found);
  FlowSizes sizes;
  sizes.name = path;
  sizes.points.push_back({0, 0});
  for (const std::vector<Cell>& row : table.rows()) {
    if (!table.HasCells(row, 2, "bytes and per cent of the flows")) continue;
    const FlowSizes::Point point{table.Number(row[0]), table.Number(row[1])};
    const FlowSizes::Point last = sizes.points.back();
    const auto falls = [&](size_t cell, double value, double before) {
      if (!(value < before)) return;
      table.Complain(row[cell].mark,
                     fmt::format("{} comes after {}", value, before),
                     "neither bytes nor per cent may decrease");
    };
    falls(0, point.bytes, last.bytes);
    falls(1, point.percent, last.percent);
    if (point.percent > 100) {
      table.Complain(row[1].mark,
                     fmt::format("{} is more than 100 %", point.percent));
    }
    sizes.points.push_back(point);
  }
  if (!found.has_errors()) {
    if (sizes.points.back().percent != 100) {
      table.Complain(table.rows().back()[1].mark,
                     fmt::format("the distribution ends at {} %",
                                 sizes.points.back().percent),
                     "the last line has 100");
    } else if (sizes.MeanBytes() <= 0) {
      table.Complain(table.rows().back()[0].mark, "all flows have 0 bytes");
    }
  }
  return Unless(std::move(found), std::move(sizes), diagnostics);
}

std::optional<RackMatrix> ReadRackMatrix(const std::string& path,
                                         Diagnostics* diagnostics) {
  Diagnostics found;
  const Table table(path, &found);
  RackMatrix matrix;
  if (!found.has_errors()) {
    const size_t first = table.text().find_first_not_of(" \t\r\n");
    matrix = table.text()[first] == '{' ? MatrixOfJson(path, &found)
                                        : MatrixOfTable(table, &found);
  }
  return Unless(std::move(found), std::move(matrix), diagnostics);
}

std::optional<std::vector<ListedFlow>> ReadFlowList(const std::string& path,
                                                    int64_t hosts,
                                                    Diagnostics* diagnostics) {
  Diagnostics found;
  const Table table(path, &found);
  std::vector<ListedFlow> flows;
  const bool named = !found.has_errors() && HasFlowHeader(table);
  for (size_t i = 1; named && i < table.rows().size(); ++i) {
    const auto flow = ReadFlow(table, table.rows()[i], hosts);
    if (!flow) continue;
    if (!flows.empty() && flow->time < flows.back().time) {
      const Cell& time = table.rows()[i][0];
      table.Complain(time.mark, time.text + " is before the line above",
                     "times do not decrease");
    }
    flows.push_back(*flow);
  }
  if (!found.has_errors() && flows.empty()) {
    table.Complain(table.rows()[0][0].mark, "there are no flows");
  }
  return Unless(std::move(found), std::move(flows), diagnostics);
}

}  // namespace airlock
