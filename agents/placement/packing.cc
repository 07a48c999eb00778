#include "agents/placement/packing.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>

namespace airlock {
namespace {

// What machine `m` has left; negative where it is over-committed.
struct Room {
  int64_t cores;
  int64_t memory;
  bool enough() const { return cores >= 0 && memory >= 0; }
};

Room RoomOn(int64_t m, const PlacementPlan& plan, const PlacementSetup& setup) {
  Room room{setup.room[static_cast<size_t>(m)],
            setup.memory[static_cast<size_t>(m)]};
  for (size_t f = 0; f < plan.cores.size(); ++f) {
    if (plan.machines[f] != m) continue;
    room.cores -= plan.cores[f];
    room.memory -= plan.cores[f] * setup.servers.functions[f].memory.value();
  }
  return room;
}

bool InUse(int64_t m, const PlacementPlan& plan) {
  return std::count(plan.machines.begin(), plan.machines.end(), m) > 0;
}

// The machine that function `f` should move to; none has room: nothing.
// `empty_too`: machines that are not in use come after all others.
std::optional<int64_t> TargetOf(size_t f, const PlacementPlan& plan,
                                const PlacementSetup& setup,
                                const PackingRule& rule, bool empty_too) {
  std::optional<int64_t> best;
  double least = std::numeric_limits<double>::infinity();
  for (const bool used : {true, false}) {
    if (best || (!used && !empty_too)) break;
    for (int64_t m = 0; m < setup.machines(); ++m) {
      if (m == plan.machines[f] || InUse(m, plan) != used) continue;
      PlacementPlan moved = plan;
      moved.machines[f] = m;
      if (!RoomOn(m, moved, setup).enough()) continue;
      if (!rule.badness) return m;
      const double badness = rule.badness(moved, m);
      if (best && badness >= least) continue;
      best = m;
      least = badness;
    }
  }
  return best;
}

// Of the functions on `m`, the one to move: the smallest that suffices, else
// the largest that has somewhere to go.
bool MoveOneFrom(int64_t m, const PlacementSetup& setup,
                 const PackingRule& rule, PlacementPlan* plan) {
  const int64_t missing = -RoomOn(m, *plan, setup).cores;
  std::vector<size_t> movable;
  for (size_t f = 0; f < plan->cores.size(); ++f) {
    if (plan->machines[f] == m) movable.push_back(f);
  }
  if (movable.size() < 2) return false;  // nobody else to make room for
  const auto order = [&](size_t f) {
    const bool suffices = plan->cores[f] >= missing;
    return std::pair(!suffices, suffices ? plan->cores[f] : -plan->cores[f]);
  };
  std::stable_sort(movable.begin(), movable.end(),
                   [&](size_t a, size_t b) { return order(a) < order(b); });
  for (const size_t f : movable) {
    const auto target = TargetOf(f, *plan, setup, rule, true);
    if (!target) continue;
    plan->machines[f] = *target;
    return true;
  }
  return false;
}

// Takes one core of growth back from whoever on `m` grew most.
bool Shrink(int64_t m, const PlacementPlan& present, PlacementPlan* plan) {
  std::optional<size_t> most;
  const auto growth = [&](size_t f) {
    return plan->cores[f] - present.cores[f];
  };
  for (size_t f = 0; f < plan->cores.size(); ++f) {
    if (plan->machines[f] != m || growth(f) <= 0) continue;
    if (!most || growth(f) > growth(*most)) most = f;
  }
  if (!most) return false;
  --plan->cores[*most];
  return true;
}

}  // namespace

PlacementPlan Pack(const PlacementPlan& present,
                   const std::vector<int64_t>& wanted,
                   const PlacementSetup& setup, const PackingRule& rule) {
  PlacementPlan plan{wanted, present.machines};
  for (int64_t& cores : plan.cores) cores = std::max<int64_t>(1, cores);
  for (int64_t m = 0; m < setup.machines(); ++m) {
    while (!RoomOn(m, plan, setup).enough()) {
      if (MoveOneFrom(m, setup, rule, &plan)) continue;
      if (!Shrink(m, present, &plan)) return present;
    }
  }
  return plan;
}

PlacementPlan Consolidated(const PlacementPlan& plan,
                           const PlacementSetup& setup,
                           const PackingRule& rule) {
  const std::vector<int64_t> used = CoresInUse(plan, setup);
  std::optional<size_t> least;
  for (size_t m = 0; m < used.size(); ++m) {
    if (used[m] > 0 && (!least || used[m] < used[*least])) least = m;
  }
  if (!least || MachinesInUse(plan, setup) < 2) return plan;
  std::vector<size_t> leaving;
  for (size_t f = 0; f < plan.cores.size(); ++f) {
    if (plan.machines[f] == static_cast<int64_t>(*least)) leaving.push_back(f);
  }
  std::stable_sort(leaving.begin(), leaving.end(), [&](size_t a, size_t b) {
    return plan.cores[a] > plan.cores[b];
  });
  PlacementPlan moved = plan;
  for (const size_t f : leaving) {
    const auto target = TargetOf(f, moved, setup, rule, false);
    if (!target) return plan;
    moved.machines[f] = *target;
  }
  return moved;
}

}  // namespace airlock
