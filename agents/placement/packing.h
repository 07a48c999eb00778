#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "agents/placement/placement_plan.h"

namespace airlock {

// Where functions go that have to move.
struct PackingRule {
  // Of machines that have the room: how bad `machine` would be under `plan`;
  // the least wins, the first of equals. None: the first that has (first fit).
  std::function<double(const PlacementPlan& plan, int64_t machine)> badness;
};

// A plan that fits, with the cores that are `wanted` as far as machines have
// them. Functions stay where they are; from a machine that has too few cores or
// too little memory the smallest that suffices moves, to a machine in use, else
// to an empty one. Where there is no room anywhere, growth is taken back.
PlacementPlan Pack(const PlacementPlan& present,
                   const std::vector<int64_t>& wanted,
                   const PlacementSetup& setup, const PackingRule& rule);

// `plan` with one machine fewer: the functions of the machine that has the
// fewest cores in use move to others in use, the largest first. `plan` itself
// where they do not all fit.
PlacementPlan Consolidated(const PlacementPlan& plan,
                           const PlacementSetup& setup,
                           const PackingRule& rule);

}  // namespace airlock
