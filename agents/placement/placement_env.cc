#include "agents/placement/placement_env.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/base/error.h"

namespace airlock {
namespace {

using nlohmann::json;

// Beside all machines: all cores, and a change of all functions.
constexpr double kCoreWeight = 0.05;
constexpr double kChangeWeight = 0.1;

}  // namespace

PlacementEnv::PlacementEnv(const PlacementEnvOptions& options)
    : options_(options),
      setup_(PlacementSetupOf(options.servers)),
      shield_(setup_),
      features_(setup_, std::make_shared<LoadForecast>(
                            options.servers, options.interval, options.steps)),
      spec_(features_.spec()) {
  if (options.steps < 1) throw InputError("placement environment: no steps");
  spec_.costs = {"violations", "moves"};
  spec_.time_limit = options.steps;
  Begin(0);
}

void PlacementEnv::Reset(RngStream random) { Begin(random.Next64()); }

void PlacementEnv::Begin(uint64_t seed) {
  seed_ = seed;
  courses_ = LoadCourses(options_.servers, seed, 0, options_.interval,
                         options_.steps + 1);
  placed_ = setup_.placed;
  plan_ = FirstPlan(setup_);
  features_.Forget();
  step_ = 0;
  Serve({});
}

void PlacementEnv::Serve(const std::vector<double>& rest) {
  std::vector<double> offered;
  for (const std::vector<double>& course : courses_) {
    offered.push_back(course[static_cast<size_t>(step_)]);
  }
  state_ =
      setup_.model->Solve(placed_, offered, {Seconds(options_.interval), rest});
  view_ = PlacementViewOf(state_);
  features_.Note(view_);
}

PlacementPlan PlacementEnv::Admitted(const PlacementPlan& proposed) {
  const PlacementVerdict verdict = shield_.Limit(proposed, plan_, view_);
  if (options_.tally != nullptr) {
    SafetyTally more;
    more.plans = 1;
    more.unsafe_plans =
        shield_.Audit(verdict.plan, plan_, view_).empty() ? 0 : 1;
    more.rescued =
        std::count_if(verdict.rules.begin(), verdict.rules.end(),
                      [](const std::string& rule) { return !rule.empty(); });
    options_.tally->Add(more);
  }
  return verdict.plan;
}

Env::Outcome PlacementEnv::StepWith(const PlacementPlan& proposed,
                                    bool shielded, double* costs) {
  const PlacementPlan next = shielded ? Admitted(proposed) : proposed;
  const PlacementPlan before = std::exchange(plan_, next);
  placed_ = PlacementsAfter(placed_, plan_);
  ++step_;
  Serve(RestBetween(before, plan_, setup_));
  int64_t violated = 0, moved = 0, changed = 0;
  for (size_t c = 0; c < state_.chains.size(); ++c) {
    violated += !KeepsAgreement(setup_.servers.chains[c], state_.chains[c]);
  }
  for (size_t f = 0; f < plan_.machines.size(); ++f) {
    const bool moves = plan_.machines[f] != before.machines[f];
    moved += moves;
    changed += moves || plan_.cores[f] != before.cores[f];
  }
  costs[0] =
      static_cast<double>(violated) / static_cast<double>(state_.chains.size());
  const auto functions = static_cast<double>(plan_.machines.size());
  costs[1] = static_cast<double>(moved) / functions;
  int64_t all = 0;
  for (const int64_t room : setup_.room) all += room;
  const double machines = static_cast<double>(MachinesInUse(plan_, setup_)) /
                          static_cast<double>(setup_.machines());
  const double cores =
      static_cast<double>(CoresInUse(plan_)) / static_cast<double>(all);
  const double changes = static_cast<double>(changed) / functions;
  return {-machines - kCoreWeight * cores - kChangeWeight * changes, false};
}

Env::Outcome PlacementEnv::Step(const double* action, double* costs) {
  return StepWith(features_.PlanOf(action, plan_, placed_), true, costs);
}

void PlacementEnv::Observe(double* observation) const {
  features_.Write(plan_, placed_, observation);
}

void PlacementEnv::Allow(uint8_t* allowed) const {
  features_.Allow(plan_, shield_, allowed);
}

std::vector<double> PlacementEnv::Staying() const {
  return features_.Staying();
}

json PlacementEnv::Save() const {
  json cores = json::array();
  for (const Placement& one : placed_) cores.push_back(one.cores);
  return {{"seed", seed_},
          {"step", step_},
          {"cores", cores},
          {"machines", plan_.machines},
          {"features", features_.Save()}};
}

void PlacementEnv::Load(const json& state) {
  try {
    Begin(state.at("seed").get<uint64_t>());
    step_ = state.at("step");
    const auto machines = state.at("machines").get<std::vector<int64_t>>();
    if (machines.size() != setup_.functions() || step_ < 0 ||
        step_ > options_.steps) {
      throw InputError("placement environment: a state of another scenario");
    }
    for (size_t p = 0; p < placed_.size(); ++p) {
      placed_[p].cores = state.at("cores").at(p).get<std::vector<int64_t>>();
      if (p >= machines.size()) continue;
      placed_[p].machine = machines[p];
      plan_.machines[p] = machines[p];
      plan_.cores[p] = static_cast<int64_t>(placed_[p].cores.size());
    }
    Serve({});
    features_.Load(state.at("features"));
    // What was observed, whatever the interval cost in rests.
    view_ = features_.view();
  } catch (const json::exception& error) {
    throw InputError(fmt::format("placement environment: not a saved state: {}",
                                 error.what()));
  }
}

}  // namespace airlock
