#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "calibration/traces/text_file.h"
#include "sim/telemetry/trace.h"

namespace airlock {

// What ImportPerf() makes of a text whose first line has this number.
Trace ReadPerfText(const TextFile& file, int first_line);

// The text of a running `perf stat -I N -x SEPARATOR`, in pieces, with the
// columns of ImportPerf(). An interval counts once the next one begins, or it
// has as many lines as the longest before it. Times are seconds since perf
// began. Owns what has not become a sample yet.
class PerfStream {
 public:
  // `name` for messages.
  explicit PerfStream(std::string name);

  // The intervals that are complete with `bytes`, one sample each. The first
  // one says which columns there are; one that lacks an event has it missing.
  // Throws InputError with the line, also for an event that was not in the
  // first interval, by name; the samples before are returned first: the call
  // after them throws.
  Trace Take(std::string_view bytes);
  bool has_columns() const { return !columns_.columns.empty(); }

 private:
  void TakeLine(std::string_view line, Trace* rows);
  void EndInterval(Trace* rows);

  std::string name_;
  std::string text_;  // not yet read, from position_ on
  size_t position_ = 0;
  int line_ = 0;
  std::string interval_;   // lines of one time
  std::string time_;       // its text
  std::string last_time_;  // of the interval that was returned last
  int interval_line_ = 0;
  int interval_lines_ = 0;
  int longest_ = 0;
  bool first_ = true;
  Trace columns_;  // without samples
};

}  // namespace airlock
