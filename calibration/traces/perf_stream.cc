#include "calibration/traces/perf_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "calibration/traces/csv.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr size_t kLongestLine = 1 << 20;

}  // namespace

PerfStream::PerfStream(std::string name) : name_(std::move(name)) {
  columns_.source = "perf";
}

void PerfStream::EndInterval(Trace* rows) {
  if (interval_lines_ == 0) return;
  const Trace one =
      ReadPerfText(TextFile{name_, interval_, ""}, interval_line_);
  if (first_) {
    columns_ = one.Slice(0, 0);
    columns_.source = "perf";
    columns_.attributes.clear();
    *rows = columns_;
    first_ = false;
  }
  std::vector<double> values(columns_.columns.size(),
                             std::numeric_limits<double>::quiet_NaN());
  size_t at = 0;  // perf keeps the order
  for (const Column& column : one.columns) {
    size_t tried = 0;
    while (tried < values.size() &&
           columns_.columns[at % values.size()].name != column.name) {
      ++at;
      ++tried;
    }
    if (tried == values.size()) {
      FailAt(name_, interval_line_, 0,
             fmt::format("counter '{}' was not in the first interval",
                         column.name));
    }
    values[at % values.size()] = column.values.front();
  }
  rows->time_seconds.push_back(one.time_seconds.front());
  for (size_t k = 0; k < values.size(); ++k) {
    rows->columns[k].values.push_back(values[k]);
  }
  longest_ = std::max(longest_, interval_lines_);
  last_time_ = time_;
  interval_.clear();
  interval_lines_ = 0;
}

void PerfStream::TakeLine(std::string_view line, Trace* rows) {
  const std::string_view text = Trim(line.substr(0, line.find('\n')));
  if (text.empty() || text.front() == '#' || text.substr(0, 7) == "summary") {
    return;
  }
  const std::string time(text.substr(0, text.find_first_not_of("0123456789.")));
  if (interval_lines_ > 0 && time != time_) EndInterval(rows);
  if (time == last_time_ && !time.empty()) {
    FailAt(name_, line_ + 1, 0,
           fmt::format("a further value at {} s, whose interval had all of "
                       "its values",
                       time));
  }
  double seconds = 0;
  double last = 0;
  if (!last_time_.empty() && ParseNumber(time, &seconds) &&
      ParseNumber(last_time_, &last) && seconds < last) {
    FailAt(name_, line_ + 1, 0,
           fmt::format("time {} s does not come after {} s of the interval "
                       "before",
                       time, last_time_));
  }
  if (interval_lines_ == 0) interval_line_ = line_ + 1;
  time_ = time;
  interval_ += line;
  ++interval_lines_;
  if (interval_lines_ == longest_) EndInterval(rows);
}

Trace PerfStream::Take(std::string_view bytes) {
  text_.erase(0, position_);
  position_ = 0;
  text_ += bytes;
  Trace rows = columns_;
  for (size_t end; (end = text_.find('\n', position_)) != std::string::npos;) {
    const std::string_view line =
        std::string_view(text_).substr(position_, end + 1 - position_);
    try {
      TakeLine(line, &rows);
    } catch (const InputError&) {
      if (rows.samples() > 0) return rows;
      throw;
    }
    position_ = end + 1;
    ++line_;
  }
  if (text_.size() - position_ > kLongestLine) {
    FailAt(name_, line_ + 1, 0, "this line has no end: not text of perf stat");
  }
  return rows;
}

}  // namespace airlock
