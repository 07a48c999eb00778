#pragma once

#include <string>

#include "calibration/traces/schema.h"
#include "sim/telemetry/trace.h"

namespace airlock {

// What a column of an Intel PCM file holds, from the group cell of the first
// header row and the metric cell of the second.
struct PcmColumn {
  Column column;  // without values
  UnitConversion conversion;
  bool known_unit = true;  // false: the metric is not in our table
};

// "Socket 0" + "L3MISS" -> socket.0.l3miss, a count (the file has millions);
// "SKT1 Package C-State" + "C6res%" -> socket.1.package_c6res, a ratio;
// "Core7 (Socket 0)" + "IPC" -> core.7.ipc; "SKT0" + "Mem Read (MB/s)" ->
// socket.0.mem_read in B/s. `memory_tool`: the file is of pcm-memory, whose
// channel columns are MB/s without saying so.
PcmColumn DescribePcmColumn(const std::string& group, const std::string& metric,
                            bool memory_tool);

// Column of pcm-pcie: "0" or "*", an event of the header, and "(Total)",
// "(Miss)", "(Hit)" or nothing.
PcmColumn DescribePciColumn(const std::string& socket, const std::string& event,
                            const std::string& filter);

}  // namespace airlock
