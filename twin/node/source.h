#pragma once

#include <memory>
#include <string>

#include "sim/telemetry/trace.h"
#include "twin/node/node_file.h"

namespace airlock {

// Samples as they arrive from one start of a source on. Owns what it reads
// from, a child process or a connection, and ends it.
class Source {
 public:
  enum class Event { kSamples, kQuiet, kEnd };

  virtual ~Source() = default;
  // Waits up to `wait_seconds` for samples. kSamples: `*samples` has at least
  // one, and in all calls the same columns. kEnd: a recording is over. Throws
  // Error if the source is broken: ended, unreadable, or writing what is not
  // its format.
  virtual Event Read(double wait_seconds, Trace* samples) = 0;
  // Whose clock stamps the samples: "source", or "node" where it has none.
  virtual const char* clock() const { return "source"; }
  // The oldest sample of a recording is older than those taken before, and is
  // passed over; a tool that is started again counts its time anew.
  virtual bool is_recording() const { return false; }
};

// Starts the source. Samples of a recording up to `taken_seconds` (NaN: none)
// are passed over. Throws Error, or InputError for a recording that is wrong.
std::unique_ptr<Source> OpenSource(const SourceConfig& config,
                                   double taken_seconds);

// Of the kinds; see SourceKinds().
std::unique_ptr<Source> OpenCsvSource(const SourceConfig& config,
                                      double taken_seconds);
std::unique_ptr<Source> OpenFramesSource(const SourceConfig& config);
std::unique_ptr<Source> OpenPcmSource(const SourceConfig& config);
std::unique_ptr<Source> OpenPcmServerSource(const SourceConfig& config);
std::unique_ptr<Source> OpenPerfSource(const SourceConfig& config);
std::unique_ptr<Source> OpenReplaySource(const SourceConfig& config,
                                         double taken_seconds);

}  // namespace airlock
