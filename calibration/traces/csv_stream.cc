#include "calibration/traces/csv_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "calibration/traces/numeric_table.h"

namespace airlock {
namespace {

constexpr size_t kLongestLine = 16 << 20;

}  // namespace

CsvStream::CsvStream(std::string name)
    : name_(std::move(name)),
      last_seconds_(std::numeric_limits<double>::quiet_NaN()),
      skip_up_to_(-std::numeric_limits<double>::infinity()) {}

bool CsvStream::NextLine(std::string_view* line) {
  const size_t end = text_.find('\n', position_);
  if (end == std::string::npos) {
    if (unfinished() > kLongestLine) {
      FailAt(name_, line_ + 1, 0, "this line has no end: not a CSV");
    }
    return false;
  }
  *line = std::string_view(text_).substr(position_, end + 1 - position_);
  return true;
}

void CsvStream::CheckText(std::string_view line) const {
  const size_t zero = line.find('\0');
  if (zero != std::string_view::npos) {
    FailAt(name_, line_ + 1, static_cast<int>(zero) + 1,
           "a NUL byte: this is not text");
  }
}

void CsvStream::ReadRow(std::string_view line, Trace* rows) {
  const TextFile text{name_, std::string(line), ""};
  CsvReader reader(text, separator_, CsvReader::LastLine::kMustEnd, line_ + 1);
  std::vector<CsvCell> cells;
  if (!reader.Next(&cells)) return;  // blank
  if (cells.size() != header_->cells()) {
    reader.Fail(0, fmt::format("{} cells; the header in line {} has {}",
                               cells.size(), header_->line, header_->cells()));
  }
  const CsvCell& when = cells[header_->time];
  double seconds = 0;
  if (!ParseDateTime(when.text, &seconds)) {
    seconds = header_->time_unit.Apply(
        NumberOrMissing(reader, when, header_->time_name));
  }
  if (!std::isfinite(seconds)) reader.Fail(when.column, "the time is missing");
  const bool skip = seconds <= skip_up_to_;
  if (!skip && seconds <= last_seconds_) {
    reader.Fail(when.column,
                fmt::format("time {:.12g} s does not come after {:.12g} s of "
                            "the row before: the clock jumped back",
                            seconds, last_seconds_));
  }
  std::vector<double> values;
  size_t c = 0;
  for (const Column& column : header_->columns) {
    if (c == header_->time) ++c;
    values.push_back(header_->units[c].Apply(
        NumberOrMissing(reader, cells[c], column.name)));
    ++c;
  }
  if (skip) {
    ++skipped_;
    return;
  }
  last_seconds_ = seconds;
  rows->time_seconds.push_back(seconds);
  row_lines_.push_back(reader.line());
  for (size_t k = 0; k < values.size(); ++k) {
    rows->columns[k].values.push_back(values[k]);
  }
}

// Blank lines before it are passed over.
void CsvStream::ReadHeader(std::string_view line) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  const bool marked = line_ == 0 && line.substr(0, 3) == kMark;
  const TextFile text{name_, std::string(line.substr(marked ? 3 : 0)), ""};
  if (Trim(text.text.substr(0, text.text.find_first_of("\r\n"))).empty()) {
    return;
  }
  separator_ = GuessSeparator(text.text, kCsvSeparators);
  CsvReader reader(text, separator_, CsvReader::LastLine::kMustEnd, line_ + 1);
  header_ = ReadCsvHeader(&reader);
  size_t c = 0;
  for (Column& column : header_->columns) {
    if (c == header_->time) ++c;
    const auto found = std::find_if(
        described_.begin(), described_.end(),
        [&](const Column& each) { return each.name == column.name; });
    if (found != described_.end() && header_->units[c].unit.empty()) {
      column = *found;
    }
    ++c;
  }
}

Trace CsvStream::Take(std::string_view bytes, int64_t most_rows) {
  text_.erase(0, position_);
  position_ = 0;
  text_ += bytes;
  Trace rows;
  rows.source = name_;
  row_lines_.clear();
  if (header_) rows.columns = header_->columns;
  std::string_view line;
  while (rows.samples() < most_rows && NextLine(&line)) {
    try {
      CheckText(line);
      if (!header_) {
        ReadHeader(line);
        if (header_) rows.columns = header_->columns;
      } else {
        ReadRow(line, &rows);
      }
    } catch (...) {
      if (rows.samples() > 0) return rows;  // what is before the wrong line
      throw;
    }
    position_ += line.size();
    ++line_;
  }
  return rows;
}

}  // namespace airlock
