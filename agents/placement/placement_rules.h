#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agents/placement/packing.h"
#include "agents/placement/placement_plan.h"
#include "agents/placement/placement_view.h"

namespace airlock {

// Who says how many cores each function should have, and where.
class PlacementManager {
 public:
  virtual ~PlacementManager() = default;
  // A plan that fits, in the place of `present`. `placed`: its very cores.
  virtual PlacementPlan Decide(const PlacementView& view,
                               const PlacementPlan& present,
                               const std::vector<Placement>& placed) = 0;
};

// A row of the managers among `airlock list agents`.
struct PlacementManagerRow {
  const char* name;
  const char* description;
  std::unique_ptr<PlacementManager> (*create)(const PlacementSetup& setup);
};
// The ones that need no training.
const std::vector<PlacementManagerRow>& PlacementManagers();
// Null: there is none of this name.
const PlacementManagerRow* FindPlacementManager(const std::string& name);
inline constexpr char kThresholdAutoscaler[] = "threshold-autoscaler";

// How bad a machine is where functions feel each other: the share of its cores'
// time that the busiest function works, as the model predicts it under the
// loads of `view`; beyond 1 where it is overloaded.
PackingRule ContentionAwarePacking(const PlacementSetup& setup,
                                   const std::vector<Placement>& placed,
                                   const PlacementView& view);

// Lets go of cores and machines only what has not been wanted for `patience`
// decisions in a row.
class Patience {
 public:
  explicit Patience(int64_t patience);
  // `wanted` by present needs: the most of the last `patience` decisions.
  std::vector<int64_t> Hold(const std::vector<int64_t>& wanted,
                            const std::vector<int64_t>& present);
  // Whether a machine could be given up now and so often before.
  bool MayConsolidate(bool possible);

 private:
  const int64_t patience_;
  std::vector<std::vector<int64_t>> wanted_;  // newest last
  int64_t possible_in_a_row_ = 0;
};

}  // namespace airlock
