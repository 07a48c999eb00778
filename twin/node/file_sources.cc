#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>

#include "calibration/traces/column_record.h"
#include "calibration/traces/csv_stream.h"
#include "calibration/traces/importer.h"
#include "sim/base/error.h"
#include "sim/results/hdf5_file.h"
#include "twin/node/source.h"

// Sources that are files: a CSV that grows, and a recording.
namespace airlock {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kMostAtOnce = 64;

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// Sleeps; an interrupt ends it.
void Wait(double seconds) {
  if (seconds > 0) poll(nullptr, 0, static_cast<int>(seconds * 1000) + 1);
}

class CsvSource : public Source {
 public:
  CsvSource(const SourceConfig& config, double taken_seconds)
      : path_(config.path), csv_(config.path) {
    if (!config.columns.empty())
      csv_.Describe(ReadColumnRecord(config.columns));
    if (!std::isnan(taken_seconds)) csv_.SkipUpTo(taken_seconds);
    fd_ = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat facts {};
    if (fd_ < 0 || fstat(fd_, &facts) != 0) {
      throw Error(
          fmt::format("cannot read {}: {}", path_, std::strerror(errno)));
    }
    if (!S_ISREG(facts.st_mode)) {
      close(fd_);
      throw Error(fmt::format("{} is not a plain file", path_));
    }
  }
  ~CsvSource() override { close(fd_); }
  CsvSource(const CsvSource&) = delete;
  CsvSource& operator=(const CsvSource&) = delete;

  Event Read(double wait_seconds, Trace* samples) override {
    if (Take("", samples)) return Event::kSamples;
    const Clock::time_point begin = Clock::now();
    while (true) {
      std::string bytes(1 << 16, '\0');
      const ssize_t got = read(fd_, bytes.data(), bytes.size());
      if (got < 0 && errno != EINTR) {
        throw Error(
            fmt::format("cannot read {}: {}", path_, std::strerror(errno)));
      }
      if (got > 0) {
        bytes.resize(static_cast<size_t>(got));
        offset_ += got;
        if (Take(bytes, samples)) return Event::kSamples;
        continue;
      }
      CheckSameFile();
      const double left = wait_seconds - SecondsSince(begin);
      if (left <= 0) return Event::kQuiet;
      Wait(std::min(left, 0.02));
    }
  }
  bool is_recording() const override { return true; }

 private:
  // A writer that begins anew truncates its file or puts another in its place.
  void CheckSameFile() const {
    struct stat ours {
    }, there{};
    if (fstat(fd_, &ours) == 0 && ours.st_size < offset_) {
      throw Error(fmt::format("{} became shorter, from {} to {} bytes", path_,
                              offset_, ours.st_size));
    }
    if (stat(path_.c_str(), &there) == 0 &&
        (there.st_ino != ours.st_ino || there.st_dev != ours.st_dev)) {
      throw Error(fmt::format("{} is another file now", path_));
    }
  }

  bool Take(const std::string& bytes, Trace* samples) {
    *samples = csv_.Take(bytes, kMostAtOnce);
    return samples->samples() > 0;
  }

  std::string path_;
  CsvStream csv_;
  int fd_ = -1;
  int64_t offset_ = 0;
};

class ReplaySource : public Source {
 public:
  ReplaySource(Trace trace, const SourceConfig& config, double taken_seconds)
      : trace_(std::move(trace)), speed_(config.speed) {
    next_ = std::min(config.first, trace_.samples());
    end_ = config.samples > 0
               ? std::min(next_ + config.samples, trace_.samples())
               : trace_.samples();
    if (!std::isnan(taken_seconds)) {
      const auto after =
          std::upper_bound(trace_.time_seconds.begin(),
                           trace_.time_seconds.end(), taken_seconds) -
          trace_.time_seconds.begin();
      next_ = std::min(std::max<int64_t>(next_, after), end_);
    }
    if (next_ < end_) first_seconds_ = trace_.time_seconds[next_];
  }

  Event Read(double wait_seconds, Trace* samples) override {
    if (next_ == end_) return Event::kEnd;
    int64_t end = std::min(next_ + kMostAtOnce, end_);
    if (speed_ > 0) {
      const double due = DueIn(next_);
      if (due > 0) Wait(std::min(due, wait_seconds));
      end = next_;
      while (end < end_ && end < next_ + kMostAtOnce && DueIn(end) <= 0) ++end;
      if (end == next_) return Event::kQuiet;
    }
    *samples = trace_.Slice(next_, end);
    next_ = end;
    return Event::kSamples;
  }
  bool is_recording() const override { return true; }

 private:
  // Seconds until the sample is to be handed out.
  double DueIn(int64_t sample) const {
    return (trace_.time_seconds[static_cast<size_t>(sample)] - first_seconds_) /
               speed_ -
           SecondsSince(begin_);
  }

  Trace trace_;
  double speed_;
  int64_t next_ = 0;
  int64_t end_ = 0;
  double first_seconds_ = 0;
  Clock::time_point begin_ = Clock::now();
};

}  // namespace

std::unique_ptr<Source> OpenCsvSource(const SourceConfig& config,
                                      double taken_seconds) {
  return std::make_unique<CsvSource>(config, taken_seconds);
}

std::unique_ptr<Source> OpenReplaySource(const SourceConfig& config,
                                         double taken_seconds) {
  Trace trace = config.format == "airlock"
                    ? ReadTrace(config.path)
                    : ImportTrace(config.format, config.path);
  if (config.first >= trace.samples()) {
    throw InputError(
        fmt::format("{}: has {} samples; the first to replay, {}, "
                    "is beyond",
                    config.path, trace.samples(), config.first));
  }
  return std::make_unique<ReplaySource>(std::move(trace), config,
                                        taken_seconds);
}

}  // namespace airlock
