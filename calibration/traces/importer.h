#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sim/base/units.h"
#include "sim/telemetry/trace.h"

namespace airlock {

// A server of a pool in a capture of packets.
struct PcapServer {
  std::string name;
  uint32_t address = 0;  // in host order
};

struct PcapOptions {
  std::vector<PcapServer> servers;  // empty: all that are asked
  SimTime interval = Milliseconds(1000);
};

// "web=10.0.0.3". Throws InputError.
PcapServer ParsePcapServer(const std::string& text);

// One measured format that we read. `function` turns the file (or, where the
// description says so, the folder) at `path` into a trace that satisfies
// Trace::Validate(): time in seconds since the trace's first sample unless the
// attribute `time_zero` says otherwise, base units (bit/s, B, s, 1, packet/s),
// missing values NaN. Throws InputError naming file, line and column when the
// content is wrong, Error when the file cannot be read.
struct Importer {
  std::string name;         // "pcm"
  std::string description;  // one line for `airlock list`
  std::function<Trace(const std::string& path, const PcapOptions& pcap)>
      function;
};

// Every importer, sorted by name: the one place to register a new one.
const std::vector<Importer>& Importers();

// Reads `path` with the importer `format`. An unknown format is an InputError
// that lists the known ones. Adds these attributes to what the importer found:
//   imported_from      the path's last component
//   missing_values     how many values of all columns are missing
//   missing_by_column  "name=count ..." of the columns with missing values
//   empty_columns      names of columns without a single value (kept, all NaN)
//   warnings           one line a finding that did not stop the import
// `pcap`: for that format alone.
Trace ImportTrace(const std::string& format, const std::string& path,
                  const PcapOptions& pcap = {});

}  // namespace airlock
