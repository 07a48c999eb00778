#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/base/interrupt.h"
#include "twin/gate/criterion.h"

// How often a criterion is wrong: it judges simulated evidence whose truth is
// known, thousands of times.
namespace airlock {

// When the samples of a trial are judged: once, all of them; after every pair,
// for as long as one likes; after every pair up to a planned number.
enum class LookPlan { kOnce, kEvery, kPlanned };
const char* ToString(LookPlan plan);  // "once", "every", "planned"

// The grid: every change with every spread and size, in each way of looking.
// Values are lognormal; both arms have the same coefficient of variation; lower
// is better.
struct OperatingGrid {
  std::vector<double> changes = {0, 0.10, 0.25, 0.50, 1.00};  // of the mean
  std::vector<double> cvs = {0.1, 0.3, 1.0};
  std::vector<int64_t> sizes = {10, 30, 60};  // values an arm
  CriterionConfig criterion;  // default: non-inferiority, margin 25%, 95 %
  double futility = 0.05;     // of the sequential ones
  int64_t trials = 2000;      // of each cell
  uint64_t seed = 1;

  OperatingGrid();
};

struct OperatingPoint {
  double change = 0;
  double cv = 0;
  int64_t n = 0;  // an arm, at most
  LookPlan looks = LookPlan::kOnce;
  int64_t trials = 0;
  int64_t promoted = 0;
  int64_t rejected = 0;
  double mean_n = 0;  // values an arm when it stopped

  int64_t inconclusive() const { return trials - promoted - rejected; }
  // The candidate is at or beyond the margin, so it must not be promoted.
  bool MustNotPass(const OperatingGrid& grid) const;
};

// Judges by FindCriterion(grid.criterion.kind), the same as a gate's. The same
// for the same grid. `progress` counts cells.
std::vector<OperatingPoint> SimulateOperatingCharacteristics(
    const OperatingGrid& grid, const Progress& progress);

// A table with 95 % intervals, and the worst false promotion.
std::string OperatingText(const OperatingGrid& grid,
                          const std::vector<OperatingPoint>& points);
nlohmann::json OperatingJson(const OperatingGrid& grid,
                             const std::vector<OperatingPoint>& points);

}  // namespace airlock
