#include "twin/node/recent_samples.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>

#include "calibration/traces/csv_stream.h"
#include "sim/base/error.h"
#include "sim/base/file.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPrefix = "samples-";
constexpr const char* kEnding = ".csv";

bool NeedsQuotes(const std::string& cell) {
  return cell.find_first_of(",;\t\"\r\n") != std::string::npos;
}

std::string Cell(const std::string& text) {
  if (!NeedsQuotes(text)) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

void AppendSamples(const Trace& from, int64_t begin, int64_t end, Trace* to) {
  to->time_seconds.insert(to->time_seconds.end(),
                          from.time_seconds.begin() + begin,
                          from.time_seconds.begin() + end);
  for (size_t c = 0; c < to->columns.size(); ++c) {
    const std::vector<double>& values = from.columns[c].values;
    to->columns[c].values.insert(to->columns[c].values.end(),
                                 values.begin() + begin, values.begin() + end);
  }
}

void DropFront(int64_t count, Trace* trace) {
  trace->time_seconds.erase(trace->time_seconds.begin(),
                            trace->time_seconds.begin() + count);
  for (Column& column : trace->columns) {
    column.values.erase(column.values.begin(), column.values.begin() + count);
  }
}

// -1 if it is not the name of such a file.
int64_t NumberIn(const std::string& name) {
  const std::string prefix = kPrefix;
  const std::string ending = kEnding;
  if (name.size() <= prefix.size() + ending.size() ||
      name.rfind(prefix, 0) != 0 ||
      name.substr(name.size() - ending.size()) != ending) {
    return -1;
  }
  int64_t number = -1;
  const std::string digits =
      name.substr(prefix.size(), name.size() - prefix.size() - ending.size());
  return ParseInteger(digits, &number) ? number : -1;
}

}  // namespace

std::string CsvHeaderText(const Trace& trace) {
  std::string text = "time [s]";
  for (const Column& column : trace.columns) {
    text += "," + Cell(fmt::format("{} [{}]", column.name, column.unit));
  }
  return text + "\n";
}

std::string CsvRowText(const Trace& trace, int64_t sample) {
  const auto i = static_cast<size_t>(sample);
  std::string text = fmt::format("{}", trace.time_seconds[i]);
  for (const Column& column : trace.columns) {
    text += ',';
    if (std::isfinite(column.values[i])) {
      fmt::format_to(std::back_inserter(text), "{}", column.values[i]);
    }
  }
  return text + "\n";
}

RecentSamples::RecentSamples(const std::string& folder, int64_t capacity)
    : folder_(folder), capacity_(capacity) {
  Restore();
}

RecentSamples::~RecentSamples() {
  if (fd_ >= 0) close(fd_);
}

std::string RecentSamples::PathOf(int64_t number) const {
  return fmt::format("{}/{}{:012}{}", folder_, kPrefix, number, kEnding);
}

void RecentSamples::Restore() {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
    const int64_t number = NumberIn(entry.path().filename().string());
    if (number >= 0) files_.push_back(number);
  }
  std::sort(files_.begin(), files_.end());
  for (const int64_t number : files_) {
    const std::string path = PathOf(number);
    const std::string text = ReadFile(path);
    CsvStream csv(path);
    std::string_view bytes = text;
    for (bool first = true;; first = false) {
      const Trace rows = csv.Take(bytes, capacity_);
      bytes = "";
      if (!has_columns_ && csv.has_columns()) {
        held_ = rows.Slice(0, 0);
        first_ = number;
        has_columns_ = true;
      }
      if (first && csv.has_columns() &&
          (number != next() || rows.columns.size() != held_.columns.size())) {
        throw InputError(
            fmt::format("{}: does not follow the samples before it", path));
      }
      if (rows.samples() == 0) break;
      AppendSamples(rows, 0, rows.samples(), &held_);
    }
    // A row that was being written when the node ended.
    if (csv.unfinished() > 0) {
      fs::resize_file(path, text.size() - csv.unfinished());
    }
  }
}

bool RecentSamples::SetColumns(const Trace& columns) {
  for (const Column& column : columns.columns) {
    if (column.name.find_first_of("[]\r\n") != std::string::npos) {
      throw InputError(fmt::format(
          "{}: counter '{}': a name with a bracket or a line end cannot be "
          "kept",
          columns.source, column.name));
    }
  }
  bool same = has_columns_ && columns.columns.size() == held_.columns.size();
  for (size_t c = 0; same && c < columns.columns.size(); ++c) {
    same = columns.columns[c].name == held_.columns[c].name &&
           columns.columns[c].unit == held_.columns[c].unit;
  }
  const bool dropped = has_columns_ && !same && held_.samples() > 0;
  if (!same) {
    Clear(next());
    held_ = columns.Slice(0, 0);
    held_.attributes.clear();
  }
  for (size_t c = 0; c < columns.columns.size(); ++c) {
    std::vector<double> values = std::move(held_.columns[c].values);
    held_.columns[c] = columns.columns[c];
    held_.columns[c].values = std::move(values);
  }
  held_.source = columns.source;
  has_columns_ = true;
  return !dropped;
}

void RecentSamples::Clear(int64_t number) {
  RemoveFiles();
  held_ = held_.Slice(0, 0);
  first_ = number;
}

void RecentSamples::OpenNext() {
  if (fd_ >= 0) close(fd_);
  if (files_.empty() || next() - files_.back() >= capacity_) {
    while (files_.size() >= 2) {
      fs::remove(PathOf(files_.front()));
      files_.erase(files_.begin());
    }
    files_.push_back(next());
  }
  const std::string path = PathOf(files_.back());
  fd_ = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd_ < 0) {
    throw Error(fmt::format("cannot write {}: {}", path, std::strerror(errno)));
  }
  if (lseek(fd_, 0, SEEK_END) == 0) Append(CsvHeaderText(held_));
}

void RecentSamples::Append(const std::string& text) {
  for (size_t done = 0; done < text.size();) {
    const ssize_t n = write(fd_, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      throw Error(fmt::format("cannot write {}: {}", PathOf(files_.back()),
                              std::strerror(errno)));
    }
    done += static_cast<size_t>(n);
  }
}

void RecentSamples::Add(const Trace& samples, int64_t index) {
  AIRLOCK_CHECK(has_columns_ && samples.columns.size() == held_.columns.size());
  std::string failure;
  try {
    if (fd_ < 0 || next() - files_.back() >= capacity_) OpenNext();
  } catch (const Error& error) {
    failure = error.what();
  }
  AppendSamples(samples, index, index + 1, &held_);
  try {
    if (failure.empty()) Append(CsvRowText(held_, held_.samples() - 1));
  } catch (const Error& error) {
    failure = error.what();
  }
  // At once for many, so that a sample costs no move of all others.
  const int64_t surplus = held_.samples() - capacity_;
  if (surplus > capacity_ / 4) {
    DropFront(surplus, &held_);
    first_ += surplus;
  }
  if (failure.empty()) return;
  // Files with a hole would be worth nothing; the next sample begins a new one.
  RemoveFiles();
  throw Error(failure);
}

void RecentSamples::RemoveFiles() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
  std::error_code ignored;
  for (const int64_t file : files_) fs::remove(PathOf(file), ignored);
  files_.clear();
}

double RecentSamples::last_seconds() const {
  return held_.samples() > 0 ? held_.time_seconds.back()
                             : std::numeric_limits<double>::quiet_NaN();
}

Trace RecentSamples::Range(int64_t begin, int64_t end) const {
  begin = std::clamp<int64_t>(begin - first_, 0, held_.samples());
  end = std::clamp<int64_t>(end - first_, begin, held_.samples());
  return held_.Slice(begin, end);
}

}  // namespace airlock
