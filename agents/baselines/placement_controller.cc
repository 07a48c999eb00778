#include "agents/baselines/placement_controller.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <utility>

#include "agents/placement/placement_features.h"
#include "agents/policy/policy_file.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr char kByAgent[] = "agent";
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// A trained network, at its most probable choices of those that are allowed.
class TrainedPlacement : public PlacementManager {
 public:
  TrainedPlacement(Policy policy, const PlacementSetup& setup,
                   PlacementFeatures features)
      : policy_(std::move(policy)),
        patience_(setup.servers.manager.patience),
        fewer_in_a_row_(setup.functions()),
        shield_(setup),
        features_(std::move(features)),
        seen_(policy_.spec().observation.size()),
        allowed_(static_cast<size_t>(policy_.spec().action.all_choices())),
        action_(static_cast<size_t>(policy_.spec().action.width())),
        scratch_(static_cast<size_t>(policy_.scratch_size())) {}

  PlacementPlan Decide(const PlacementView& view, const PlacementPlan& present,
                       const std::vector<Placement>& placed) override {
    features_.Note(view);
    features_.Write(present, placed, seen_.data());
    features_.Allow(present, shield_, allowed_.data());
    policy_.Mode(seen_.data(), allowed_.data(), action_.data(),
                 scratch_.data());
    BePatient();
    return features_.PlanOf(action_.data(), present, placed);
  }

 private:
  // A core is given up only if that was wanted `patience` decisions in a row.
  void BePatient() {
    for (size_t f = 0; f < fewer_in_a_row_.size(); ++f) {
      fewer_in_a_row_[f] = action_[f] == 0 ? fewer_in_a_row_[f] + 1 : 0;
      if (action_[f] == 0 && fewer_in_a_row_[f] < patience_) action_[f] = 1;
    }
  }

  const Policy policy_;
  const int64_t patience_;
  std::vector<int64_t> fewer_in_a_row_;  // of each function
  const PlacementShield shield_;
  PlacementFeatures features_;
  std::vector<double> seen_;
  std::vector<uint8_t> allowed_;
  std::vector<double> action_;
  std::vector<double> scratch_;
};

Policy LoadPlacement(const std::string& path) {
  if (path.empty()) {
    throw PolicyError(fmt::format(
        "agent '{}' needs a trained policy: name its file", kPlacementPolicy));
  }
  return LoadPolicy(path);
}

std::unique_ptr<PlacementManager> Trained(const std::string& path,
                                          const PlacementSetup& setup,
                                          const Scenario& scenario) {
  Policy policy = LoadPlacement(path);
  const SimTime interval = scenario.controller.interval;
  PlacementFeatures features(
      setup, std::make_shared<LoadForecast>(
                 setup.servers, interval,
                 scenario.run.duration.value() / interval.value()));
  CheckFits(policy, features.spec(), path);
  return std::make_unique<TrainedPlacement>(std::move(policy), setup,
                                            std::move(features));
}

// With a busy share that asks for no change wherever it is not known, or
// cannot be.
PlacementView KnownPart(PlacementView view, const PlacementConfig& manager) {
  const double neutral =
      0.5 * (manager.scale_in.value() + manager.scale_out.value());
  for (FunctionView& f : view.functions) {
    const bool known = std::isfinite(f.busy) && f.busy >= 0 &&
                       !(f.busy == 0 && f.packets_per_second > 0);
    if (!known) f.busy = neutral;
  }
  return view;
}

}  // namespace

PlacementController::PlacementController(
    std::unique_ptr<PlacementManager> manager, const PlacementSetup& setup)
    : manager_(std::move(manager)),
      setup_(setup),
      limits_(setup.servers.manager.shield),
      shield_(setup),
      fallback_(FindPlacementManager(kThresholdAutoscaler)->create(setup)),
      plan_(FirstPlan(setup)),
      placed_(setup.placed) {}

PlacementController::Proposal PlacementController::Propose(
    const PlacementView& seen, const PlacementView& known) {
  const std::string doubt = DoubtOf(seen, setup_);
  if (doubt.empty()) {
    doubtful_in_a_row_ = 0;
    return {kByAgent, "", manager_->Decide(seen, plan_, placed_)};
  }
  ++doubtful_in_a_row_;
  if (!limits_ || doubtful_in_a_row_ < limits_->fallback_after) {
    return {kByAgent, "holds: " + doubt, plan_};
  }
  ++fallback_decisions_;
  return {"fallback", doubt, fallback_->Decide(known, plan_, placed_)};
}

PlacementVerdict PlacementController::Execute(const Proposal& proposal,
                                              const PlacementView& known) {
  PlacementVerdict verdict;
  if (!limits_) {
    verdict.plan = proposal.plan;
    verdict.rules.resize(proposal.plan.cores.size());
    return verdict;
  }
  verdict = shield_.Limit(proposal.plan, plan_, known);
  for (size_t r = 0; r < broken_.size(); ++r) broken_[r] += verdict.broken[r];
  if (!shield_.Audit(verdict.plan, plan_, known).empty()) ++unsafe_decisions_;
  return verdict;
}

void PlacementController::Explain(SimTime time, const PlacementView& known,
                                  const Proposal& proposal,
                                  const PlacementVerdict& verdict) {
  const size_t before = explained_.size();
  const auto add = [&](size_t f, const char* setting, int64_t was,
                       int64_t proposed, int64_t is) {
    const bool held = proposed != is;
    if (!held && was == is) return;
    const std::string seen =
        proposal.reason.empty()
            ? fmt::format("{:.0f} % of {} cores busy, {:.4g} packet/s",
                          100 * known.functions[f].busy, plan_.cores[f],
                          known.functions[f].packets_per_second)
            : proposal.reason;
    explained_.push_back(
        {Seconds(time),
         fmt::format("function.{}.{}", setup_.servers.functions[f].name,
                     setting),
         static_cast<double>(was), static_cast<double>(proposed),
         static_cast<double>(is), held ? "shield" : proposal.by,
         held ? fmt::format("rule {}; {}: {}", verdict.rules[f], proposal.by,
                            seen)
              : seen});
  };
  for (size_t f = 0; f < plan_.cores.size(); ++f) {
    add(f, "cores", plan_.cores[f], proposal.plan.cores[f],
        verdict.plan.cores[f]);
    add(f, "machine", plan_.machines[f], proposal.plan.machines[f],
        verdict.plan.machines[f]);
  }
  if (explained_.size() > before) return;
  explained_.push_back({Seconds(time), "", kNone, kNone, kNone, proposal.by,
                        proposal.reason.empty() ? "the placement is as wanted"
                                                : proposal.reason});
}

void PlacementController::Count(const PlacementPlan& next) {
  ++decisions_;
  cores_ += static_cast<double>(CoresInUse(next));
  machines_ += static_cast<double>(MachinesInUse(next, setup_));
  for (size_t f = 0; f < next.cores.size(); ++f) {
    moves_ += next.machines[f] != plan_.machines[f];
    rescales_ += next.cores[f] != plan_.cores[f];
  }
}

Action PlacementController::Decide(const Observation& observation) {
  const PlacementView seen = PlacementViewOf(observation.values, setup_, plan_);
  const PlacementView known = KnownPart(seen, setup_.servers.manager);
  const Proposal proposal = Propose(seen, known);
  const PlacementVerdict verdict = Execute(proposal, known);
  Explain(observation.time, known, proposal, verdict);
  Count(verdict.plan);
  Action action;
  action.settings = SettingsBetween(plan_, verdict.plan, setup_);
  plan_ = verdict.plan;
  placed_ = PlacementsAfter(placed_, plan_);
  return action;
}

std::vector<ExplainedSetting> PlacementController::TakeSettings() {
  return std::exchange(explained_, {});
}

std::vector<Metric> PlacementController::Metrics() const {
  const double decisions = decisions_ > 0 ? static_cast<double>(decisions_) : 1;
  std::vector<Metric> metrics = {
      {"placement.decisions", "1", "decisions",
       static_cast<double>(decisions_)},
      {"placement.fallback", "1",
       "decisions of the threshold autoscaler, for want of observations",
       static_cast<double>(fallback_decisions_)},
      {"placement.cores", "1", "mean cores that functions were given",
       cores_ / decisions},
      {"placement.machines", "1", "mean machines that functions were given",
       machines_ / decisions},
      {"placement.moves", "1", "functions that changed machine, a decision",
       moves_ / decisions},
      {"placement.rescales", "1", "functions whose cores changed, a decision",
       rescales_ / decisions}};
  if (!limits_) return metrics;
  metrics.push_back({"placement.unsafe", "1",
                     "executed decisions that an audit found unsafe",
                     static_cast<double>(unsafe_decisions_)});
  for (int r = 0; r < kPlacementRules; ++r) {
    const std::string rule = ToString(static_cast<PlacementRule>(r));
    metrics.push_back({"placement.shield." + rule, "1",
                       "functions that the shield's rule changed",
                       static_cast<double>(broken_[static_cast<size_t>(r)])});
  }
  return metrics;
}

bool IsPlacementAgent(const std::string& agent) {
  return agent == kPlacementPolicy || FindPlacementManager(agent) != nullptr;
}

void CheckPlacementPolicy(const std::string& agent, const std::string& policy) {
  if (agent == kPlacementPolicy) {
    LoadPlacement(policy);
  } else if (!policy.empty()) {
    throw PolicyError(
        fmt::format("agent '{}' is not trained and takes no policy", agent));
  }
}

std::unique_ptr<Controller> CreatePlacementAgent(const std::string& agent,
                                                 const std::string& policy,
                                                 const Scenario& scenario) {
  const PlacementSetup setup = PlacementSetupOf(*scenario.datacentre->servers);
  if (agent == kPlacementPolicy) {
    return std::make_unique<PlacementController>(
        Trained(policy, setup, scenario), setup);
  }
  CheckPlacementPolicy(agent, policy);
  const PlacementManagerRow* const row = FindPlacementManager(agent);
  AIRLOCK_CHECK(row != nullptr);
  return std::make_unique<PlacementController>(row->create(setup), setup);
}

}  // namespace airlock
