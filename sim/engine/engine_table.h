#pragma once

#include <string>
#include <vector>

namespace airlock {

// One fidelity at which a scenario can run.
struct EngineRow {
  const char* name;
  const char* description;
};

// The engines, in the order in which `airlock list engines` prints them. The
// scenes behind them live in airlock-worker.
const std::vector<EngineRow>& Engines();

}  // namespace airlock
