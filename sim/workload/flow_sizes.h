#pragma once

#include <string>
#include <vector>

#include "sim/base/rng.h"
#include "sim/base/units.h"

namespace airlock {

// A distribution of flow sizes, read off a published figure or a file
// (flow_files.h): the cumulative probability at some sizes, linear in the size
// between them.
struct FlowSizes {
  struct Point {
    double bytes;
    double percent;  // of the flows that are not larger
  };

  std::string name;  // traffic.sizes
  std::string description;
  std::vector<Point> points;  // neither decreases; from 0 to 100 %

  double MeanBytes() const;
  // At least 1 byte; by inversion of one uniform number.
  DataSize Draw(RngStream* stream) const;
};

// All of them, in the order in which messages list them.
const std::vector<FlowSizes>& FlowSizeTable();

// Throws InputError with the known names.
const FlowSizes& FindFlowSizes(const std::string& name);

}  // namespace airlock
