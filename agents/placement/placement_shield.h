#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agents/placement/placement_plan.h"
#include "agents/placement/placement_view.h"

namespace airlock {

enum class PlacementRule {
  kChange,    // a function's cores by more than most_change
  kMinimum,   // fewer cores than the present load needs
  kMoves,     // more than most_moves functions change their machine
  kCapacity,  // a machine without the cores or the memory
};
constexpr int kPlacementRules = 4;
// "change", "minimum", "moves", "capacity"
const char* ToString(PlacementRule rule);

// What became of a proposed plan.
struct PlacementVerdict {
  PlacementPlan plan;
  // The rule that changed each function's part last, or empty.
  std::vector<std::string> rules;
  std::array<int64_t, kPlacementRules> broken = {};  // functions by rule
};

// What plans may never do, whoever proposes them. An executed plan
// - fits: every machine has the cores and the memory;
// - moves at most `most_moves` functions to another machine;
// - leaves each function the cores that keep it at most `most_busy` under the
//   load just observed, as far as its machine has them; what it has now
//   it keeps, where that is too little already;
// - changes a function's cores by at most `most_change`, but for these.
// It needs no model, only what was measured. Stateless.
class PlacementShield {
 public:
  explicit PlacementShield(const PlacementSetup& setup);

  // `proposed` of whoever; `present` fits.
  PlacementVerdict Limit(const PlacementPlan& proposed,
                         const PlacementPlan& present,
                         const PlacementView& view) const;
  // Cores that the load just observed needs, of each function.
  std::vector<int64_t> Minimum(const PlacementPlan& present,
                               const PlacementView& view) const;
  // What the rules would say of `executed`, in words; independent of how
  // Limit() works. For audits.
  std::vector<std::string> Audit(const PlacementPlan& executed,
                                 const PlacementPlan& present,
                                 const PlacementView& view) const;

 private:
  void LimitMoves(const PlacementPlan& present,
                  PlacementVerdict* verdict) const;
  void LimitCapacity(const PlacementPlan& present,
                     PlacementVerdict* verdict) const;

  const PlacementSetup setup_;
  const PlacementShieldConfig limits_;
};

}  // namespace airlock
