#pragma once

#include <string>

#include "sim/results/run_record.h"
#include "sim/telemetry/trace.h"

namespace airlock {

// Reading and writing of Airlock's HDF5 files; FORMAT.md lists every field.
//
// Files are written atomically (sim/base/file.h): a full disk or a kill leaves
// the old file or none. Values return bit for bit, NaN and -0.0 included. A
// file opens with a block of text that holds the SHA-256 of all that follows,
// so a damaged file is refused before the HDF5 library looks at it.
//
// Writers throw Error (what, where, the system's reason). Readers throw
// InputError that names the file: missing, empty, not of Airlock, damaged,
// another file type, a newer major version, a field missing or malformed, a
// digest that does not match. All functions may be called from any thread.

// Validates the trace first. `provenance` becomes the root attributes; seed 0,
// no engine and no scenario for a measured trace.
void WriteTrace(const Trace& trace, const std::string& path,
                const Provenance& provenance = CurrentProvenance());
Trace ReadTrace(const std::string& path);

// The replications must have the same metrics (name, unit, description) and
// valid series.
void WriteRunRecord(const RunRecord& record, const std::string& path);
RunRecord ReadRunRecord(const std::string& path);

// The root attributes that every file type shares.
struct FileHeader {
  std::string filetype;  // "trace", "result"
  int version_major = 0;
  int version_minor = 0;
  Provenance provenance;
  std::string digest;  // Trace::Digest() or RunRecord::Digest()
};
FileHeader ReadFileHeader(const std::string& path);

// One line per group, attribute and dataset of an Airlock file, sorted by path:
//   /columns/latency_p99  float64[900]
//   /columns/latency_p99@units  string  "s"
//   /@digest  string  "6fe1..."
std::string DescribeFile(const std::string& path);

}  // namespace airlock
