#include "twin/cli/sample_stream.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <system_error>

#include "calibration/traces/column_record.h"
#include "calibration/traces/csv_stream.h"
#include "calibration/traces/importer.h"
#include "sim/base/error.h"
#include "sim/base/interrupt.h"
#include "sim/results/hdf5_file.h"

namespace airlock {
namespace {

constexpr int64_t kMostAtOnce = 256;
constexpr int kWaitMilliseconds = 100;

// A trace that is there as a whole.
class TraceStream : public SampleStream {
 public:
  TraceStream(Trace trace, const SampleStreamOptions& options)
      : trace_(std::move(trace)) {
    if (!std::isnan(options.taken_seconds)) PassOver(options.taken_seconds);
    next_ = std::max(next_, std::min(options.first, trace_.samples()));
  }
  void PassOver(double taken_seconds) {
    next_ = std::upper_bound(trace_.time_seconds.begin(),
                             trace_.time_seconds.end(), taken_seconds) -
            trace_.time_seconds.begin();
    passed_over_ = next_;
  }
  bool Next(Trace* samples) override {
    ThrowIfInterrupted();
    const int64_t end = std::min(next_ + kMostAtOnce, trace_.samples());
    *samples = trace_.Slice(next_, end);
    next_ = end;
    return samples->samples() > 0;
  }
  int64_t passed_over() const override { return passed_over_; }

 private:
  Trace trace_;
  int64_t next_ = 0;
  int64_t passed_over_ = 0;
};

class CsvSampleStream : public SampleStream {
 public:
  explicit CsvSampleStream(const SampleStreamOptions& options)
      : options_(options),
        csv_(options.path == "-" ? "standard input" : options.path) {
    if (!options.columns.empty()) {
      csv_.Describe(ReadColumnRecord(options.columns));
    } else if (const std::string beside = ColumnRecordBeside(options.path);
               !beside.empty()) {
      csv_.Describe(ReadColumnRecord(beside));
    }
    if (!std::isnan(options.taken_seconds)) {
      csv_.SkipUpTo(options.taken_seconds);
    }
    fd_ = options.path == "-"
              ? dup(STDIN_FILENO)
              : open(options.path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd_ < 0) {
      throw InputError(fmt::format("cannot read {}: {}", options.path,
                                   std::generic_category().message(errno)));
    }
    newest_ = Clock::now();
  }
  ~CsvSampleStream() override { close(fd_); }
  CsvSampleStream(const CsvSampleStream&) = delete;
  CsvSampleStream& operator=(const CsvSampleStream&) = delete;

  bool Next(Trace* samples) override {
    ThrowIfInterrupted();
    *samples = Take("");
    if (samples->samples() > 0) return true;
    if (at_end_) return false;
    const std::string bytes = Read();
    if (bytes.empty()) {
      if (at_end_) CheckNotEmpty();
      return !at_end_;
    }
    newest_ = Clock::now();
    *samples = Take(bytes);
    return true;
  }
  int64_t passed_over() const override { return csv_.skipped(); }
  bool cut() const override { return csv_.unfinished() > 0; }

 private:
  using Clock = std::chrono::steady_clock;

  std::string Name() const {
    return options_.path == "-" ? "standard input" : options_.path;
  }

  // A stream without a sample says nothing about drift.
  void CheckNotEmpty() const {
    if (returned_ > 0 || csv_.skipped() > 0) return;
    if (!csv_.has_columns()) {
      throw InputError(fmt::format(
          "{}: there is no header line{}", Name(),
          csv_.unfinished() > 0 ? ": its first line has no end" : ""));
    }
    throw InputError(
        fmt::format("{}:{}: there is no row of values below the header{}",
                    Name(), csv_.lines(),
                    csv_.unfinished() > 0 ? "; the last line has no end" : ""));
  }

  // Rows before the first that is asked for are dropped; where that leaves
  // none there may still be others.
  Trace Take(const std::string& bytes) {
    Trace rows = csv_.Take(bytes, kMostAtOnce);
    while (rows.samples() > 0) {
      const int64_t before = csv_.skipped() + returned_;
      returned_ += rows.samples();
      const int64_t dropped =
          std::clamp<int64_t>(options_.first - before, 0, rows.samples());
      if (dropped < rows.samples()) return rows.Slice(dropped, rows.samples());
      rows = csv_.Take("", kMostAtOnce);
    }
    return rows;
  }

  // What is there now, nothing after a while; notes the end.
  std::string Read() {
    pollfd waiting = {fd_, POLLIN, 0};
    const int ready = poll(&waiting, 1, kWaitMilliseconds);
    if (ready == 0 || (ready < 0 && errno == EINTR)) return "";
    std::array<char, 1 << 16> buffer;
    const ssize_t got = read(fd_, buffer.data(), buffer.size());
    if (got < 0) {
      if (errno == EINTR || errno == EAGAIN) return "";
      throw InputError(fmt::format("cannot read {}: {}", Name(),
                                   std::generic_category().message(errno)));
    }
    offset_ += got;
    if (got == 0) WaitForMore();
    return std::string(buffer.data(), static_cast<size_t>(got));
  }

  void WaitForMore() {
    if (!options_.follow) {
      at_end_ = true;
      return;
    }
    struct stat facts;
    if (fstat(fd_, &facts) == 0 && S_ISREG(facts.st_mode) &&
        facts.st_size < offset_) {
      throw InputError(fmt::format(
          "{}: became shorter, from {} to {} bytes: it is another file now",
          Name(), offset_, facts.st_size));
    }
    const std::chrono::duration<double> idle = Clock::now() - newest_;
    if (options_.idle_seconds > 0 && idle.count() >= options_.idle_seconds) {
      at_end_ = true;
      return;
    }
    poll(nullptr, 0, kWaitMilliseconds);
  }

  SampleStreamOptions options_;
  CsvStream csv_;
  int fd_ = -1;
  int64_t offset_ = 0;
  int64_t returned_ = 0;  // rows, those before the first included
  bool at_end_ = false;
  Clock::time_point newest_;
};

// Whether the file begins with these bytes.
bool StartsWith(const std::string& path, const std::string& bytes) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    throw InputError(fmt::format("cannot read {}: {}", path,
                                 std::generic_category().message(errno)));
  }
  struct stat facts;
  std::string start(bytes.size(), '\0');
  const bool plain = fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode);
  const ssize_t got = plain ? read(fd, start.data(), start.size()) : 0;
  close(fd);
  return got == static_cast<ssize_t>(bytes.size()) && start == bytes;
}

// Ours begin with a line of text before the HDF5 file proper.
bool IsOurs(const std::string& path) {
  return StartsWith(path, "Airlock HDF5 file") || StartsWith(path, "\x89HDF");
}

bool IsCompressed(const std::string& path) {
  return StartsWith(path,
                    "\xFD"
                    "7zXZ") ||
         StartsWith(path, "\x1F\x8B");
}

// Formats that are read while they grow.
bool IsRowByRow(const std::string& format) {
  return format == "csv" || format == "testbed";
}

Trace ReadSeries(const std::string& path) {
  if (ReadFileHeader(path).filetype != "result") return ReadTrace(path);
  RunRecord record = ReadRunRecord(path);
  if (record.replications.empty() ||
      record.replications.front().series.samples() == 0) {
    throw InputError(fmt::format("{}: the run has no series", path));
  }
  return std::move(record.replications.front().series);
}

}  // namespace

Trace ReadSamples(const std::string& path, const std::string& format) {
  std::string known = format;
  if (known.empty()) {
    known = IsOurs(path)                        ? "airlock"
            : !ColumnRecordBeside(path).empty() ? "testbed"
                                                : "csv";
  }
  Trace trace =
      known == "airlock" ? ReadSeries(path) : ImportTrace(known, path);
  trace.source = path;
  return trace;
}

std::unique_ptr<SampleStream> OpenSampleStream(
    const SampleStreamOptions& options) {
  const bool piped = options.path == "-";
  std::string format = options.format;
  if (format.empty())
    format = !piped && IsOurs(options.path) ? "airlock" : "csv";
  if (options.follow && (piped || !IsRowByRow(format))) {
    throw Error("--follow is for a CSV file that grows", ExitCode::kUsage);
  }
  if (piped && !IsRowByRow(format)) {
    throw Error("standard input is read as a CSV", ExitCode::kUsage);
  }
  if (!options.columns.empty() && !IsRowByRow(format)) {
    throw Error("--columns is for a CSV", ExitCode::kUsage);
  }
  if (IsRowByRow(format) && (piped || !IsCompressed(options.path))) {
    return std::make_unique<CsvSampleStream>(options);
  }
  if (options.follow) {
    throw Error("--follow is for a CSV file that grows, uncompressed",
                ExitCode::kUsage);
  }
  return std::make_unique<TraceStream>(
      ReadSamples(options.path, options.format), options);
}

}  // namespace airlock
