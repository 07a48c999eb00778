#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/workload/flow_sizes.h"

// What users write about traffic in files of their own. Each reader finds all
// that is wrong, with its position; nothing comes back then. Blank lines and
// what follows a '#' are skipped.
namespace airlock {

// A line `bytes per_cent` (blanks or a comma between) for each step of the
// cumulative distribution. Neither may decrease; the last line has 100 %. A
// first line above 0 % is reached from 0 bytes.
std::optional<FlowSizes> ReadFlowSizes(const std::string& path,
                                       Diagnostics* diagnostics);

// How much each rack sends to each other, in any unit.
struct RackMatrix {
  size_t racks = 0;
  std::vector<double> amounts;  // >= 0, by row: from, by column: to

  double At(size_t from, size_t to) const { return amounts[from * racks + to]; }
  // The most that any rack sends or receives.
  double Busiest() const;
};
// A row of numbers (blanks or commas between) for each rack; or JSON whose key
// `matrix`, or `matrix.inner`, is a list of such lists.
std::optional<RackMatrix> ReadRackMatrix(const std::string& path,
                                         Diagnostics* diagnostics);

struct ListedFlow {
  SimTime time;
  int64_t from = 0;
  int64_t to = 0;
  DataSize size;
};
// CSV `time [s],from,to,bytes`, that line first, times not decreasing; hosts by
// number, below `hosts`.
std::optional<std::vector<ListedFlow>> ReadFlowList(const std::string& path,
                                                    int64_t hosts,
                                                    Diagnostics* diagnostics);

}  // namespace airlock
