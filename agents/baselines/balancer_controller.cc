#include "agents/baselines/balancer_controller.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "agents/policy/policy_file.h"
#include "sim/base/error.h"
#include "sim/surrogate/pool_settings.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr char kByAgent[] = "agent";
constexpr char kByFallback[] = "fallback";
constexpr char kStatic[] = "static";
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// What speaks for a server's weight.
std::string SeenOf(const ServerView& server) {
  std::string text =
      fmt::format("{:g} flows on, {:g} new", server.flows_on, server.begun);
  if (!std::isnan(server.duration)) {
    text += fmt::format(", {:.3g} s each", server.duration);
  }
  return server.up ? text : text + ", down";
}

// Whatever is set.
class KeptWeights : public WeightPolicy {
 public:
  std::vector<double> Decide(SimTime, const PoolView& view) override {
    return view.weights;
  }
};

// A trained network, at its most probable action.
class TrainedWeights : public WeightPolicy {
 public:
  TrainedWeights(Policy policy, PoolSetup setup)
      : policy_(std::move(policy)),
        setup_(std::move(setup)),
        features_(policy_.spec().observation.size()),
        scratch_(static_cast<size_t>(policy_.scratch_size())) {}

  std::vector<double> Decide(SimTime, const PoolView& view) override {
    WritePoolFeatures(view, setup_, features_.data());
    std::vector<double> weights(setup_.names.size());
    policy_.Mode(features_.data(), nullptr, weights.data(), scratch_.data());
    for (double& weight : weights) weight = InWeightRange(weight);
    return weights;
  }

 private:
  const Policy policy_;
  const PoolSetup setup_;
  std::vector<double> features_;
  std::vector<double> scratch_;
};

Policy LoadBalancer(const std::string& path) {
  if (path.empty()) {
    throw PolicyError(fmt::format(
        "agent '{}' needs a trained policy: name its file", kLoadBalancer));
  }
  return LoadPolicy(path);
}

// A policy runs in the pool whose servers it was trained for.
EnvSpec SpecOf(const PoolSetup& setup) {
  EnvSpec spec;
  spec.name = "this pool";
  spec.observation = PoolFeatureFields(setup);
  spec.action.fields = WeightFields(setup);
  return spec;
}

// Null: the weights stay. Throws InputError for what is no fallback.
std::unique_ptr<WeightPolicy> CreateFallback(const std::string& given,
                                             const BalancerConfig& balancer) {
  const std::string name =
      given.empty() ? (balancer.shield ? "wcmp" : kStatic) : given;
  const std::vector<std::string> known = BalancerFallbacks();
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    throw InputError(fmt::format("'{}' sets no weights without looking; {} do",
                                 name, fmt::join(known, ", ")));
  }
  if (name == kStatic) return nullptr;
  return FindWeightPolicy(name)->create(balancer);
}

}  // namespace

BalancerController::BalancerController(std::unique_ptr<WeightPolicy> policy,
                                       bool looks,
                                       const BalancerConfig& balancer,
                                       std::function<std::string()> doubt,
                                       std::unique_ptr<WeightPolicy> fallback)
    : policy_(std::move(policy)),
      looks_(looks),
      doubt_(std::move(doubt)),
      fallback_(std::move(fallback)),
      setup_(PoolSetupOf(balancer)),
      limits_(balancer.shield),
      weights_(setup_.weights) {
  if (limits_) shield_.emplace(*limits_, setup_);
}

BalancerController::Proposal BalancerController::FallBack(
    SimTime time, const PoolView& view, const std::string& reason) {
  ++fallback_decisions_;
  return {
      kByFallback, reason,
      fallback_ ? Normalised(fallback_->Decide(time, view), setup_) : weights_};
}

BalancerController::Proposal BalancerController::Propose(SimTime time,
                                                         const PoolView& view) {
  const std::string doubt = doubt_ ? doubt_() : "";
  const std::string unlikely = looks_ ? DoubtOf(view, setup_) : "";
  doubtful_in_a_row_ = unlikely.empty() ? 0 : doubtful_in_a_row_ + 1;
  if (!doubt.empty()) return FallBack(time, view, doubt);
  if (unlikely.empty()) {
    std::vector<double> weights = policy_->Decide(time, view);
    // A shield takes weights of any scale.
    if (!shield_) weights = Normalised(std::move(weights), setup_);
    return {kByAgent, "", std::move(weights)};
  }
  if (limits_ && doubtful_in_a_row_ >= limits_->fallback_after) {
    return FallBack(time, view, unlikely);
  }
  return {kByAgent, "holds: " + unlikely, weights_};
}

WeightVerdict BalancerController::Execute(const Proposal& proposal,
                                          const PoolView& view) {
  WeightVerdict verdict;
  if (!shield_) {
    verdict.weights = proposal.weights;
    verdict.rules.resize(verdict.weights.size());
    return verdict;
  }
  std::vector<bool> up;
  for (const ServerView& server : view.servers) up.push_back(server.up);
  const WeightsBefore before = shield_->before();
  verdict = shield_->Limit(proposal.weights, up);
  for (size_t r = 0; r < broken_.size(); ++r) broken_[r] += verdict.broken[r];
  if (!shield_->Audit(verdict.weights, up, before).empty()) ++unsafe_decisions_;
  return verdict;
}

void BalancerController::Explain(SimTime time, const PoolView& view,
                                 const Proposal& proposal,
                                 const WeightVerdict& verdict) {
  const size_t before = explained_.size();
  for (size_t i = 0; i < weights_.size(); ++i) {
    const bool held = !verdict.rules[i].empty();
    if (!held && verdict.weights[i] == weights_[i]) continue;
    const std::string seen =
        proposal.reason.empty() ? SeenOf(view.servers[i]) : proposal.reason;
    explained_.push_back(
        {Seconds(time), WeightSetting(setup_.names[i]), weights_[i],
         proposal.weights[i], verdict.weights[i], held ? "shield" : proposal.by,
         held ? fmt::format("rule {}; {}: {}", verdict.rules[i], proposal.by,
                            seen)
              : seen});
  }
  if (explained_.size() > before) return;
  explained_.push_back({Seconds(time), "", kNone, kNone, kNone, proposal.by,
                        proposal.reason.empty() ? "the weights are as wanted"
                                                : proposal.reason});
}

Action BalancerController::Decide(const Observation& observation) {
  ++decisions_;
  PoolView view = PoolViewOf(observation.values, setup_);
  view.weights = weights_;
  const Proposal proposal = Propose(observation.time, view);
  const WeightVerdict verdict = Execute(proposal, view);
  Explain(observation.time, view, proposal, verdict);
  Action action;
  for (size_t i = 0; i < weights_.size(); ++i) {
    if (verdict.weights[i] == weights_[i]) continue;
    action.settings[WeightSetting(setup_.names[i])] = verdict.weights[i];
  }
  weights_ = verdict.weights;
  return action;
}

std::vector<ExplainedSetting> BalancerController::TakeSettings() {
  return std::exchange(explained_, {});
}

json BalancerController::Save() const {
  json saved = {
      {"servers", setup_.names},
      {"weights", weights_},
      {"doubtful", doubtful_in_a_row_},
      {"counts", {decisions_, fallback_decisions_, unsafe_decisions_}},
      {"broken", broken_}};
  if (shield_) saved["shield"] = shield_->Save();
  return saved;
}

void BalancerController::Load(const json& saved) {
  if (saved.at("servers") != json(setup_.names)) {
    throw InputError("it is of a pool of other servers");
  }
  saved.at("weights").get_to(weights_);
  saved.at("doubtful").get_to(doubtful_in_a_row_);
  decisions_ = saved.at("counts").at(0);
  fallback_decisions_ = saved.at("counts").at(1);
  unsafe_decisions_ = saved.at("counts").at(2);
  saved.at("broken").get_to(broken_);
  if (shield_) shield_->Load(saved.at("shield"));
}

std::vector<Metric> BalancerController::Metrics() const {
  std::vector<Metric> metrics = {
      {"balancer.decisions", "1", "decisions", static_cast<double>(decisions_)},
      {"balancer.fallback", "1",
       "decisions of the fallback, by capacity or to stay",
       static_cast<double>(fallback_decisions_)}};
  if (!shield_) return metrics;
  metrics.push_back({"balancer.unsafe", "1",
                     "executed decisions that an audit found unsafe",
                     static_cast<double>(unsafe_decisions_)});
  for (int r = 0; r < kWeightRules; ++r) {
    const std::string rule = ToString(static_cast<WeightRule>(r));
    metrics.push_back({"balancer.shield." + rule, "1",
                       "weights that the shield's rule changed",
                       static_cast<double>(broken_[static_cast<size_t>(r)])});
  }
  return metrics;
}

bool IsBalancer(const std::string& agent) {
  return agent == kLoadBalancer || FindWeightPolicy(agent) != nullptr;
}

void CheckBalancerPolicy(const std::string& agent, const std::string& policy) {
  if (agent == kLoadBalancer) {
    LoadBalancer(policy);
  } else if (!policy.empty()) {
    throw PolicyError(
        fmt::format("agent '{}' is not trained and takes no policy", agent));
  }
}

std::vector<std::string> BalancerFallbacks() {
  std::vector<std::string> names = {kStatic};
  for (const WeightPolicyRow& row : WeightPolicies()) {
    if (!row.looks && !row.knows) names.push_back(row.name);
  }
  return names;
}

std::unique_ptr<Controller> CreateBalancer(const std::string& agent,
                                           const std::string& policy,
                                           const BalancerConfig& balancer,
                                           const BalancerDoubt& doubt) {
  const auto create = [&](std::unique_ptr<WeightPolicy> weights, bool looks) {
    return std::make_unique<BalancerController>(
        std::move(weights), looks, balancer, doubt.why,
        CreateFallback(doubt.fallback, balancer));
  };
  if (agent == kLoadBalancer) {
    const PoolSetup setup = PoolSetupOf(balancer);
    Policy trained = LoadBalancer(policy);
    CheckFits(trained, SpecOf(setup), policy);
    return create(std::make_unique<TrainedWeights>(std::move(trained), setup),
                  true);
  }
  CheckBalancerPolicy(agent, policy);
  if (agent == kStatic) return create(std::make_unique<KeptWeights>(), false);
  const WeightPolicyRow* const row = FindWeightPolicy(agent);
  AIRLOCK_CHECK(row != nullptr);
  return create(row->create(balancer), row->looks);
}

}  // namespace airlock
