#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "twin/node/source.h"

namespace airlock {

// A source that is started again when it is lost: it ended, said nothing for
// its time-out, wrote what is not its format, or came back with other columns.
// The waits between starts double up to the configured limit, and begin anew
// once it has given samples. Times go on: where a tool counts from its start,
// its samples follow those from before at the distance that our clock says.
class SupervisedSource {
 public:
  enum class Event { kSamples, kQuiet, kLost, kEnd };

  // `taken_seconds`: the time of the newest sample that was taken before; NaN:
  // none. Starts nothing yet.
  SupervisedSource(const SourceConfig& config, double taken_seconds);

  // Waits up to `wait_seconds`. kLost: it was lost just now; why() says why. A
  // recording that cannot be read throws InputError: to try again would not
  // help.
  Event Read(double wait_seconds, Trace* samples);

  bool running() const { return source_ != nullptr; }
  const std::string& why() const { return why_; }
  int64_t starts() const { return starts_; }
  int64_t losses() const { return losses_; }
  const char* clock() const { return clock_; }
  double wait_seconds() const { return wait_; }

 private:
  using Clock = std::chrono::steady_clock;

  Event Lose(const std::string& why);
  void CheckColumns(const Trace& samples);
  void PlaceInTime(Trace* samples);

  SourceConfig config_;
  std::unique_ptr<Source> source_;
  double taken_seconds_;  // of the newest sample handed out
  Clock::time_point taken_at_ = Clock::now();
  Clock::time_point heard_at_ = Clock::now();
  Clock::time_point start_at_ = Clock::now();
  double wait_ = 0;   // until the next start
  double shift_ = 0;  // added to the times of this start
  bool placed_ = false;
  std::optional<Trace> columns_;  // of the first samples, without values
  std::string why_;
  const char* clock_ = "source";
  int64_t starts_ = 0;
  int64_t losses_ = 0;
};

}  // namespace airlock
