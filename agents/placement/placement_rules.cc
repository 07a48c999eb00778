#include "agents/placement/placement_rules.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace airlock {
namespace {

constexpr double kRounding = 1e-9;

int64_t CoresFor(double core_seconds_per_second, double busiest) {
  return std::max<int64_t>(
      1, static_cast<int64_t>(
             std::ceil(core_seconds_per_second / busiest - kRounding)));
}

// Moves and gives up machines alike for all; who wants how many cores differs.
class PackingManager : public PlacementManager {
 public:
  explicit PackingManager(const PlacementSetup& setup)
      : setup_(setup), patience_(setup.servers.manager.patience) {}

  PlacementPlan Decide(const PlacementView& view, const PlacementPlan& present,
                       const std::vector<Placement>& placed) override {
    const PackingRule rule = RuleFor(view, placed);
    const auto wanted =
        patience_.Hold(Wanted(view, present, placed), present.cores);
    const PlacementPlan packed = Pack(present, wanted, setup_, rule);
    const PlacementPlan fewer = Consolidated(packed, setup_, rule);
    const bool possible = !(fewer == packed) && Accepts(view, fewer, placed);
    return patience_.MayConsolidate(possible) ? fewer : packed;
  }

 protected:
  virtual std::vector<int64_t> Wanted(const PlacementView& view,
                                      const PlacementPlan& present,
                                      const std::vector<Placement>& placed) = 0;
  virtual PackingRule RuleFor(const PlacementView&,
                              const std::vector<Placement>&) const {
    return {};
  }
  // Whether a plan with a machine fewer will do.
  virtual bool Accepts(const PlacementView&, const PlacementPlan&,
                       const std::vector<Placement>&) const {
    return true;
  }
  double scale_out() const { return setup_.servers.manager.scale_out.value(); }
  double scale_in() const { return setup_.servers.manager.scale_in.value(); }

  const PlacementSetup setup_;

 private:
  Patience patience_;
};

// More cores above scale_out, in proportion (as Kubernetes' horizontal
// autoscaler computes replicas); one fewer below scale_in.
class ThresholdAutoscaler : public PackingManager {
 public:
  using PackingManager::PackingManager;

 protected:
  std::vector<int64_t> Wanted(const PlacementView& view,
                              const PlacementPlan& present,
                              const std::vector<Placement>&) override {
    std::vector<int64_t> wanted = present.cores;
    for (size_t f = 0; f < wanted.size(); ++f) {
      const auto cores = static_cast<double>(wanted[f]);
      const double work = view.functions[f].busy * cores;
      if (view.functions[f].busy > scale_out()) {
        wanted[f] = std::max(wanted[f] + 1, CoresFor(work, scale_out()));
      } else if (wanted[f] > 1 && work / (cores - 1) < scale_in()) {
        --wanted[f];
      }
    }
    return wanted;
  }
};

// Cores for the packets that came, as if each function were alone on its
// machine.
class FirstFit : public PackingManager {
 public:
  using PackingManager::PackingManager;

 protected:
  std::vector<int64_t> Wanted(const PlacementView& view,
                              const PlacementPlan& present,
                              const std::vector<Placement>&) override {
    std::vector<int64_t> wanted;
    for (size_t f = 0; f < view.functions.size(); ++f) {
      const auto m = static_cast<size_t>(present.machines[f]);
      wanted.push_back(CoresFor(
          view.functions[f].packets_per_second * setup_.solo_seconds[m][f],
          scale_out()));
    }
    return wanted;
  }
};

// Cores for the packets that were offered, as slow as the model predicts the
// functions to be in each other's company; machines by the same prediction.
class ContentionAware : public PackingManager {
 public:
  using PackingManager::PackingManager;

 protected:
  std::vector<int64_t> Wanted(const PlacementView& view,
                              const PlacementPlan& present,
                              const std::vector<Placement>& placed) override {
    constexpr int kRounds = 3;  // service times change little with cores
    std::vector<int64_t> wanted = present.cores;
    PlacementPlan plan = present;
    for (int round = 0; round < kRounds; ++round) {
      const SteadyState state =
          setup_.model->Solve(PlacementsAfter(placed, plan), OfferedIn(view));
      for (size_t f = 0; f < wanted.size(); ++f) {
        wanted[f] = CoresFor(state.functions[f].packets_per_second *
                                 state.functions[f].seconds_per_packet,
                             scale_out());
      }
      const PlacementPlan next = Pack(present, wanted, setup_, {});
      if (next == plan) break;
      plan = next;
    }
    return wanted;
  }

  PackingRule RuleFor(const PlacementView& view,
                      const std::vector<Placement>& placed) const override {
    return ContentionAwarePacking(setup_, placed, view);
  }

  bool Accepts(const PlacementView& view, const PlacementPlan& plan,
               const std::vector<Placement>& placed) const override {
    const PackingRule rule = RuleFor(view, placed);
    for (int64_t m = 0; m < setup_.machines(); ++m) {
      if (rule.badness(plan, m) > scale_out()) return false;
    }
    return true;
  }
};

template <typename T>
std::unique_ptr<PlacementManager> Make(const PlacementSetup& setup) {
  return std::make_unique<T>(setup);
}

}  // namespace

const std::vector<PlacementManagerRow>& PlacementManagers() {
  static const std::vector<PlacementManagerRow> kRows = {
      {kThresholdAutoscaler,
       "servers: a function gets cores above manager.scale_out, gives one up "
       "below scale_in",
       Make<ThresholdAutoscaler>},
      {"first-fit",
       "servers: cores for the packets that come as if functions were alone; "
       "first fit",
       Make<FirstFit>},
      {"contention-aware",
       "servers: the same with what functions do to each other, told the "
       "solver's own truth",
       Make<ContentionAware>},
  };
  return kRows;
}

const PlacementManagerRow* FindPlacementManager(const std::string& name) {
  for (const PlacementManagerRow& row : PlacementManagers()) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

PackingRule ContentionAwarePacking(const PlacementSetup& setup,
                                   const std::vector<Placement>& placed,
                                   const PlacementView& view) {
  return {[model = setup.model, placed, offered = OfferedIn(view)](
              const PlacementPlan& plan, int64_t machine) {
    const SteadyState state =
        model->Solve(PlacementsOn(machine, placed, plan), offered);
    double busiest = 0;
    for (size_t f = 0; f < state.functions.size(); ++f) {
      if (plan.machines[f] != machine) continue;
      busiest = std::max(busiest, state.functions[f].packets_per_second *
                                      state.functions[f].seconds_per_packet /
                                      static_cast<double>(plan.cores[f]));
    }
    return busiest;
  }};
}

Patience::Patience(int64_t patience) : patience_(patience) {}

std::vector<int64_t> Patience::Hold(const std::vector<int64_t>& wanted,
                                    const std::vector<int64_t>& present) {
  if (wanted_.empty()) {
    wanted_.assign(static_cast<size_t>(patience_), present);
  }
  wanted_.push_back(wanted);
  wanted_.erase(wanted_.begin());
  std::vector<int64_t> held = wanted;
  for (const std::vector<int64_t>& one : wanted_) {
    for (size_t f = 0; f < held.size(); ++f) {
      held[f] = std::max(held[f], one[f]);
    }
  }
  return held;
}

bool Patience::MayConsolidate(bool possible) {
  possible_in_a_row_ = possible ? possible_in_a_row_ + 1 : 0;
  if (possible_in_a_row_ < patience_) return false;
  possible_in_a_row_ = 0;
  return true;
}

}  // namespace airlock
