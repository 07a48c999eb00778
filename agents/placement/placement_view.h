#pragma once

#include <map>
#include <string>
#include <vector>

#include "agents/placement/placement_plan.h"

namespace airlock {

// What a manager has observed over a decision's interval. NaN: missing.
struct FunctionView {
  double busy = 0;                // of its cores' time
  double packets_per_second = 0;  // that came
};
struct ChainView {
  double offered = 0;              // packets a second
  double delivered = 0;            // packets a second
  double latency_p99_seconds = 0;  // NaN also where nothing was delivered
};
struct PlacementView {
  std::vector<FunctionView> functions;
  std::vector<ChainView> chains;
};

// From the columns function.NAME.METRIC and chain.NAME.METRIC of an interval in
// which `present` was in force; what is not there is missing.
PlacementView PlacementViewOf(const std::map<std::string, double>& values,
                              const PlacementSetup& setup,
                              const PlacementPlan& present);
// As the model has it.
PlacementView PlacementViewOf(const SteadyState& state);
// Why it cannot be believed: a count that is missing or negative, a share
// beyond 1, packets that came without work. Empty: it can.
std::string DoubtOf(const PlacementView& view, const PlacementSetup& setup);

std::vector<double> OfferedIn(const PlacementView& view);

}  // namespace airlock
