#pragma once

#include <memory>
#include <string>

#include "sim/telemetry/trace.h"

namespace airlock {

struct SampleStreamOptions {
  std::string path;     // "-": standard input, a CSV
  std::string format;   // of `airlock list importers`, or "airlock"; empty: an
                        // HDF5 file is a trace, anything else a CSV
  std::string columns;  // record of the columns of a CSV; empty: the one of the
                        // measuring tool beside it, if there is one
  int64_t first = 0;    // samples before it are not returned
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

// Throws InputError or Error if it cannot be read, or has no samples.
std::unique_ptr<SampleStream> OpenSampleStream(
    const SampleStreamOptions& options);

// The samples of a file as a whole: a trace of `airlock import`, the first
// replication's series of `airlock run` (its result.h5), or a measured file of
// the format `format`; if that is empty, the file itself says what it is: an
// HDF5 file of ours, a CSV with the record of the measuring tool beside it, or
// any other CSV. The trace's `source` becomes `path`, which messages name.
// Throws as the readers and importers do, InputError if a run has no series.
Trace ReadSamples(const std::string& path, const std::string& format);

}  // namespace airlock
