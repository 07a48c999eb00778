#include "calibration/traces/pcm_file.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "calibration/traces/csv.h"
#include "calibration/traces/numeric_table.h"
#include "calibration/traces/pcm_columns.h"
#include "calibration/traces/pcm_rows.h"
#include "calibration/traces/schema.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

// The last line is whole if it ends with a line end or, where rows end with
// the separator and pcm starts its lines with the line end, with that.
void CheckNotCut(const TextFile& file, char separator, bool trailing) {
  const char last = file.text.back();
  if (last == '\n' || (trailing && last == separator)) return;
  const auto lines = std::count(file.text.begin(), file.text.end(), '\n');
  FailAt(file.path, static_cast<int>(lines) + 1, 0,
         "the file ends within this line: it was cut");
}

PcmTrace ReadTwoRowFile(const TextFile& file, bool memory_tool) {
  const char separator = GuessSeparator(file.text, ",;");
  CsvReader reader(file, separator, CsvReader::LastLine::kMayEnd);
  PcmTrace result;
  Trace& trace = result.trace;
  const TwoRowHeader header(&reader, memory_tool, &trace);
  CheckNotCut(file, separator, header.trailing_separator());
  for (size_t i = 0; i < header.columns(); ++i) {
    trace.columns.push_back(header.column(i).column);
  }
  PcmClock clock(file.path);
  std::vector<CsvCell> cells;
  while (reader.Next(&cells)) header.ReadRow(reader, cells, &clock, &trace);
  if (trace.samples() == 0) {
    FailAt(file.path, 2, 0, "there is no row of values below the header");
  }
  AddAttribute(&trace, "midnight_rollovers", std::to_string(clock.rollovers()));
  return result;
}

// pcm-pcie: an interval is a header row, then a row for each socket (and for
// total, misses and hits of each).
class PcieReader {
 public:
  explicit PcieReader(const TextFile& file)
      : file_(file),
        separator_(GuessSeparator(file.text, ",;")),
        reader_(file, separator_, CsvReader::LastLine::kMustEnd),
        clock_(file.path) {}
  PcmTrace Read();

 private:
  void ReadHeader(const std::vector<CsvCell>& cells);
  void ReadRow(std::vector<CsvCell>* cells);
  void StartInterval(const std::vector<CsvCell>& cells);
  void EndInterval(bool last);

  const TextFile& file_;
  const char separator_;
  CsvReader reader_;
  PcmClock clock_;
  PcmTrace result_;
  std::vector<std::string> header_;  // names of the cells
  size_t first_event_ = 0;           // cells before it: date, time, socket
  std::map<std::string, size_t> columns_;
  bool first_interval_ = true;  // its rows make the columns
  size_t rows_in_interval_ = 0;
  size_t rows_expected_ = 0;
  int interval_line_ = 0;
};

void PcieReader::ReadHeader(const std::vector<CsvCell>& cells) {
  std::vector<std::string> names;
  for (const CsvCell& cell : cells) names.emplace_back(cell.text);
  if (header_.empty()) {
    header_ = names;
    const auto socket = std::find(names.begin(), names.end(), "Skt");
    first_event_ = static_cast<size_t>(socket - names.begin()) + 1;
    result_.has_time = first_event_ == 3;
  } else if (names != header_) {
    reader_.Fail(0, "this header differs from the first one");
  }
}

void PcieReader::StartInterval(const std::vector<CsvCell>& cells) {
  Trace& trace = result_.trace;
  trace.time_seconds.push_back(result_.has_time
                                   ? clock_.Read(reader_, cells[0], cells[1])
                                   : static_cast<double>(trace.samples()));
  for (Column& column : trace.columns) column.values.push_back(kMissing);
  rows_in_interval_ = 0;
  interval_line_ = reader_.line();
}

void PcieReader::EndInterval(bool last) {
  if (rows_in_interval_ == 0) return;
  if (first_interval_) {
    rows_expected_ = rows_in_interval_;
    first_interval_ = false;
  }
  Trace& trace = result_.trace;
  if (rows_in_interval_ < rows_expected_) {
    if (!last) {
      FailAt(file_.path, interval_line_, 0,
             fmt::format("an interval of {} rows; the first has {}",
                         rows_in_interval_, rows_expected_));
    }
    trace.time_seconds.pop_back();
    for (Column& column : trace.columns) column.values.pop_back();
    AddWarning(&trace, fmt::format("the last interval, from line {}, is not "
                                   "whole and was left out",
                                   interval_line_));
  }
  rows_in_interval_ = 0;
}

void PcieReader::ReadRow(std::vector<CsvCell>* cells) {
  if (cells->size() != header_.size()) {
    reader_.Fail(0, fmt::format("{} cells; the header has {}", cells->size(),
                                header_.size()));
  }
  CsvCell& last = cells->back();
  std::string filter;
  for (const char* const name : {"(Total)", "(Miss)", "(Hit)"}) {
    const std::string_view text = last.text;
    const std::string_view ending = name;
    if (text.size() > ending.size() &&
        text.substr(text.size() - ending.size()) == ending) {
      filter = name;
      last.text.remove_suffix(ending.size());
      break;
    }
  }
  const CsvCell& socket_cell = (*cells)[first_event_ - 1];
  const std::string socket(socket_cell.text);
  int64_t number = 0;
  if (socket != "*" && !ParseInteger(socket, &number)) {
    reader_.Fail(
        socket_cell.column,
        fmt::format("column 'Skt': {} is not a socket", Quoted(socket)));
  }
  Trace& trace = result_.trace;
  const std::string key = socket + filter + ".";
  if (rows_in_interval_ > 0) {  // the same row again: the next interval
    const auto known = columns_.find(key + header_[first_event_]);
    if (known != columns_.end() &&
        !std::isnan(trace.columns[known->second].values.back())) {
      EndInterval(false);
    }
  }
  if (rows_in_interval_ == 0) StartInterval(*cells);
  ++rows_in_interval_;
  for (size_t c = first_event_; c < header_.size(); ++c) {
    const auto [found, inserted] =
        columns_.emplace(key + header_[c], columns_.size());
    const PcmColumn column = DescribePciColumn(socket, header_[c], filter);
    if (inserted) {
      if (!first_interval_ || trace.Find(column.column.name) != nullptr) {
        reader_.Fail((*cells)[c].column,
                     fmt::format("column '{}' was not in the first interval",
                                 column.column.name));
      }
      trace.columns.push_back(column.column);
      trace.columns.back().values.assign(trace.time_seconds.size(), kMissing);
    }
    trace.columns[found->second].values.back() = column.conversion.Apply(
        PcmNumber(reader_, (*cells)[c], column.column.name));
  }
}

PcmTrace PcieReader::Read() {
  std::vector<CsvCell> cells;
  while (reader_.Next(&cells)) {
    const bool is_header =
        std::any_of(cells.begin(), cells.end(),
                    [](const CsvCell& cell) { return cell.text == "Skt"; });
    if (is_header) {
      EndInterval(false);
      ReadHeader(cells);
    } else {
      ReadRow(&cells);
    }
  }
  EndInterval(true);
  if (result_.trace.samples() == 0) {
    FailAt(file_.path, 0, 0, "there is no row of values below the header");
  }
  if (!result_.has_time) {
    AddAttribute(&result_.trace, "time_source",
                 "row number: the file has no time");
  }
  AddAttribute(&result_.trace, "midnight_rollovers",
               std::to_string(clock_.rollovers()));
  return std::move(result_);
}

}  // namespace

PcmTool RecognisePcm(const TextFile& file) {
  const std::string_view text = file.text;
  const size_t end = text.find('\n');
  if (end == std::string_view::npos) return PcmTool::kNone;
  const std::string_view first = text.substr(0, end);
  const std::string_view second =
      text.substr(end + 1, text.find('\n', end + 1) - end - 1);
  const char separator = GuessSeparator(text, ",;");
  const std::string date_time =
      fmt::format("Date{}Time{}", separator, separator);
  const std::string socket = fmt::format("Skt{}", separator);
  const auto starts = [](std::string_view line, const std::string& with) {
    return line.substr(0, with.size()) == with;
  };
  if (starts(first, socket) || starts(first, date_time + socket)) {
    return PcmTool::kPcie;
  }
  if (!starts(second, date_time)) return PcmTool::kNone;
  const bool memory = second.find("Memory (MB/s)") != std::string_view::npos ||
                      second.find("Mem Read (MB/s)") != std::string_view::npos;
  return memory ? PcmTool::kMemory : PcmTool::kPcm;
}

PcmTrace ReadPcmFile(const TextFile& file, PcmTool tool) {
  AIRLOCK_CHECK(tool != PcmTool::kNone, "{}", file.path);
  if (tool == PcmTool::kPcie) return PcieReader(file).Read();
  return ReadTwoRowFile(file, tool == PcmTool::kMemory);
}

}  // namespace airlock
