#pragma once

#include <memory>
#include <string>

#include "sim/telemetry/trace.h"

namespace airlock {

struct SampleStreamOptions {
  std::string path;     // "-": standard input, a CSV
  std::string format;   // of `airlock list importers`, or "airlock"; empty: an
                        // HDF5 file is a trace, anything else a CSV
  int64_t first = 0;         // samples before it are not returned
  bool follow = false;  // a CSV that grows
  double idle_seconds = 0;  // follow: ends after so long without a new row; 0:
                            // never
  // Samples up to this time were taken before and are passed over; NaN: none.
  double taken_seconds;
};

// Samples as they arrive, a few at a time. Owns what it reads from.
class SampleStream {
 public:
  virtual ~SampleStream() = default;
  // The next samples; none if it waited in vain for a while, so that the caller
  // can see to other things. False at the end. Throws InputError with the line
  // where there is one; what stands before it has been returned.
  virtual bool Next(Trace* samples) = 0;
  virtual int64_t passed_over() const = 0;
  // A line at the end without an end: half-written, and not taken.
  virtual bool cut() const { return false; }
};

// Throws InputError or Error if it cannot be read.
std::unique_ptr<SampleStream> OpenSampleStream(
    const SampleStreamOptions& options);

}  // namespace airlock
