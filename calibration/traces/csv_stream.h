#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibration/traces/csv_header.h"
#include "sim/telemetry/trace.h"

namespace airlock {

// A CSV that arrives in pieces: a pipe, a file that grows. Same rules as
// ImportCsv(), but a row must stand on one line, times stay as they are, and a
// line counts once its end is there: a half-written last one waits. Owns what
// has not become a row yet.
class CsvStream {
 public:
  // `name` for messages.
  explicit CsvStream(std::string name);

  // What columns are whose header has no unit, by their names (their units are
  // base units): a column that is in the list gets its unit, role, scope and
  // description. Columns that are not there stay what the header says.
  void Describe(std::vector<Column> columns) {
    described_ = std::move(columns);
  }

  // The rows that are complete with `bytes`, one sample each. At most
  // `most_rows` at once: call again with nothing until there are none. Throws
  // InputError with line and column for a wrong header, a cell that is not a
  // number, another number of cells than the header, a time that does not come
  // after the one before. The rows before the wrong line are returned first:
  // the call after them throws.
  Trace Take(std::string_view bytes, int64_t most_rows);

  // True once the header is there.
  bool has_columns() const { return header_.has_value(); }
  // Lines read so far; the line of row i that Take() returned last.
  int lines() const { return line_; }
  int LineOfRow(int64_t row) const {
    return row_lines_[static_cast<size_t>(row)];
  }
  // Bytes of a line without its end.
  size_t unfinished() const { return text_.size() - position_; }
  // Rows up to this time (in seconds) are passed over, whatever their order:
  // they were taken before. How many there were.
  void SkipUpTo(double seconds) { skip_up_to_ = seconds; }
  int64_t skipped() const { return skipped_; }

 private:
  void ReadHeader(std::string_view line);
  bool NextLine(std::string_view* line);
  void ReadRow(std::string_view line, Trace* rows);
  void CheckText(std::string_view line) const;

  std::string name_;
  std::string text_;  // not yet read, from position_ on
  size_t position_ = 0;
  int line_ = 0;
  char separator_ = ',';
  std::vector<Column> described_;
  std::optional<CsvHeader> header_;
  double last_seconds_;
  double skip_up_to_;
  int64_t skipped_ = 0;
  std::vector<int> row_lines_;
};

}  // namespace airlock
