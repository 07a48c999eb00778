#include "agents/placement/placement_shield.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace airlock {
namespace {

constexpr double kRounding = 1e-9;

void Break(PlacementRule rule, size_t f, PlacementVerdict* verdict) {
  ++verdict->broken[static_cast<size_t>(rule)];
  verdict->rules[f] = ToString(rule);
}

}  // namespace

const char* ToString(PlacementRule rule) {
  switch (rule) {
    case PlacementRule::kChange:
      return "change";
    case PlacementRule::kMinimum:
      return "minimum";
    case PlacementRule::kMoves:
      return "moves";
    case PlacementRule::kCapacity:
      return "capacity";
  }
  return "";
}

PlacementShield::PlacementShield(const PlacementSetup& setup)
    : setup_(setup),
      limits_(setup.servers.manager.shield.value_or(PlacementShieldConfig{})) {}

std::vector<int64_t> PlacementShield::Minimum(const PlacementPlan& present,
                                              const PlacementView& view) const {
  std::vector<int64_t> least;
  for (size_t f = 0; f < present.cores.size(); ++f) {
    const double work = std::min(1.0, view.functions[f].busy) *
                        static_cast<double>(present.cores[f]);
    const auto needed = static_cast<int64_t>(
        std::ceil(work / limits_.most_busy.value() - kRounding));
    least.push_back(std::max<int64_t>(1, needed));
  }
  return least;
}

PlacementVerdict PlacementShield::Limit(const PlacementPlan& proposed,
                                        const PlacementPlan& present,
                                        const PlacementView& view) const {
  PlacementVerdict verdict;
  verdict.plan = proposed;
  verdict.rules.resize(proposed.cores.size());
  const std::vector<int64_t> least = Minimum(present, view);
  for (size_t f = 0; f < least.size(); ++f) {
    int64_t& cores = verdict.plan.cores[f];
    const int64_t near =
        std::clamp(cores, present.cores[f] - limits_.most_change,
                   present.cores[f] + limits_.most_change);
    if (near != cores) Break(PlacementRule::kChange, f, &verdict);
    cores = near;
    if (cores >= least[f]) continue;
    Break(PlacementRule::kMinimum, f, &verdict);
    cores = least[f];
  }
  LimitMoves(present, &verdict);
  LimitCapacity(present, &verdict);
  return verdict;
}

void PlacementShield::LimitMoves(const PlacementPlan& present,
                                 PlacementVerdict* verdict) const {
  int64_t moves = 0;
  for (size_t f = 0; f < present.machines.size(); ++f) {
    int64_t& machine = verdict->plan.machines[f];
    const bool known = machine >= 0 && machine < setup_.machines();
    if (known && machine == present.machines[f]) continue;
    if (known && ++moves <= limits_.most_moves) continue;
    machine = present.machines[f];
    Break(PlacementRule::kMoves, f, verdict);
  }
}

// Takes back growth, core by core from who grew most, then moves, then all.
void PlacementShield::LimitCapacity(const PlacementPlan& present,
                                    PlacementVerdict* verdict) const {
  PlacementPlan& plan = verdict->plan;
  while (!Fits(plan, setup_)) {
    const std::vector<int64_t> used = CoresInUse(plan, setup_);
    size_t most = plan.cores.size();
    const auto growth = [&](size_t f) {
      return plan.cores[f] - present.cores[f];
    };
    for (size_t f = 0; f < plan.cores.size(); ++f) {
      const auto m = static_cast<size_t>(plan.machines[f]);
      int64_t memory = 0;
      for (size_t g = 0; g < plan.cores.size(); ++g) {
        if (plan.machines[g] != plan.machines[f]) continue;
        memory += plan.cores[g] * setup_.servers.functions[g].memory.value();
      }
      const bool full = used[m] > setup_.room[m] || memory > setup_.memory[m];
      if (!full || growth(f) <= 0) continue;
      if (most == plan.cores.size() || growth(f) > growth(most)) most = f;
    }
    if (most == plan.cores.size()) break;
    --plan.cores[most];
    Break(PlacementRule::kCapacity, most, verdict);
  }
  if (Fits(plan, setup_)) return;
  for (size_t f = 0; f < plan.cores.size(); ++f) {
    if (plan.machines[f] == present.machines[f] &&
        plan.cores[f] == present.cores[f]) {
      continue;
    }
    Break(PlacementRule::kCapacity, f, verdict);
  }
  plan = present;
}

std::vector<std::string> PlacementShield::Audit(
    const PlacementPlan& executed, const PlacementPlan& present,
    const PlacementView& view) const {
  std::vector<std::string> broken;
  std::vector<int64_t> cores(setup_.room.size()), memory(setup_.room.size());
  int64_t moves = 0;
  for (size_t f = 0; f < executed.cores.size(); ++f) {
    const auto m = static_cast<size_t>(executed.machines[f]);
    cores[m] += executed.cores[f];
    memory[m] += executed.cores[f] * setup_.servers.functions[f].memory.value();
    moves += executed.machines[f] != present.machines[f];
  }
  for (size_t m = 0; m < cores.size(); ++m) {
    if (cores[m] <= setup_.room[m] && memory[m] <= setup_.memory[m]) continue;
    broken.push_back(fmt::format("{} has {} cores; {} are given away",
                                 setup_.servers.machines[m].name,
                                 setup_.room[m], cores[m]));
  }
  if (moves > limits_.most_moves) {
    broken.push_back(fmt::format("{} functions move", moves));
  }
  for (size_t f = 0; f < executed.cores.size(); ++f) {
    const double work =
        view.functions[f].busy * static_cast<double>(present.cores[f]);
    const double busy = work / static_cast<double>(executed.cores[f]);
    const std::string& name = setup_.servers.functions[f].name;
    if (executed.cores[f] < present.cores[f] &&
        busy > limits_.most_busy.value() + 1e-6) {
      broken.push_back(
          fmt::format("{} would be busy for {:.3f} of the time", name, busy));
    }
    // What the load needs it may get at once.
    const int64_t change = executed.cores[f] - present.cores[f];
    const bool needed =
        change > 0 &&
        (executed.cores[f] - 1) < work / limits_.most_busy.value() + 1e-6;
    if (std::abs(change) > limits_.most_change && !needed) {
      broken.push_back(fmt::format("{} changes by {} cores", name, change));
    }
  }
  return broken;
}

}  // namespace airlock
