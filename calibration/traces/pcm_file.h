#pragma once

#include <string>
#include <vector>

#include "calibration/traces/text_file.h"
#include "sim/telemetry/trace.h"

namespace airlock {

enum class PcmTool { kNone, kPcm, kMemory, kPcie };

// Which tool's CSV this is, from its first two lines; kNone: none of them.
PcmTool RecognisePcm(const TextFile& file);

// One file of Intel PCM. Times are seconds since 1970 in the zone of the
// writer; without times in the file (`has_time` false) the row number.
struct PcmTrace {
  Trace trace;
  bool has_time = true;
};

// Reads a file of the tool `tool` (not kNone). Throws InputError with the
// position of what is wrong.
PcmTrace ReadPcmFile(const TextFile& file, PcmTool tool);

}  // namespace airlock
