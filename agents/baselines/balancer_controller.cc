#include "agents/baselines/balancer_controller.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "agents/baselines/channel_planner.h"
#include "agents/policy/policy.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/surrogate/pool_settings.h"

namespace airlock {
namespace {

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
    return weights;
  }

 private:
  const Policy policy_;
  const PoolSetup setup_;
  std::vector<double> features_;
  std::vector<double> scratch_;
};

Policy LoadPolicy(const std::string& path) {
  if (path.empty()) {
    throw PolicyError(fmt::format(
        "agent '{}' needs a trained policy: name its file", kLoadBalancer));
  }
  try {
    return Policy::FromJson(nlohmann::json::parse(ReadFile(path)));
  } catch (const nlohmann::json::exception& error) {
    throw PolicyError(fmt::format("{}: {}", path, error.what()));
  } catch (const Error& error) {
    throw PolicyError(fmt::format("{}: {}", path, error.what()));
  }
}

// A policy runs in the pool whose servers it was trained for.
void CheckFits(const Policy& policy, const PoolSetup& setup,
               const std::string& path) {
  EnvSpec spec = policy.spec();
  spec.observation = PoolFeatureFields(setup);
  spec.action.choices.clear();
  spec.action.fields = WeightFields(setup);
  if (spec.LayoutDigest() == policy.spec().LayoutDigest()) return;
  std::string trained;
  for (const EnvField& field : policy.spec().action.fields) {
    trained += (trained.empty() ? "" : ", ") + field.name;
  }
  throw PolicyError(fmt::format(
      "{}: a policy of '{}' that sets {}; this pool has other servers", path,
      policy.spec().name, trained.empty() ? "choices" : trained));
}

}  // namespace

BalancerController::BalancerController(std::unique_ptr<WeightPolicy> policy,
                                       bool looks,
                                       const BalancerConfig& balancer)
    : policy_(std::move(policy)),
      looks_(looks),
      setup_(PoolSetupOf(balancer)),
      limits_(balancer.shield),
      weights_(setup_.weights) {
  if (limits_) shield_.emplace(*limits_, setup_);
}

std::vector<double> BalancerController::Proposed(SimTime time,
                                                 const PoolView& view) {
  if (!looks_ || DoubtOf(view, setup_).empty()) {
    doubtful_in_a_row_ = 0;
    return policy_->Decide(time, view);
  }
  ++doubtful_in_a_row_;
  if (!limits_ || doubtful_in_a_row_ < limits_->fallback_after) {
    return weights_;
  }
  ++fallback_decisions_;
  return Normalised(setup_.capacities, setup_);
}

std::vector<double> BalancerController::Executed(
    const std::vector<double>& proposed, const PoolView& view) {
  if (!shield_) return Normalised(proposed, setup_);
  std::vector<bool> up;
  for (const ServerView& server : view.servers) up.push_back(server.up);
  const WeightVerdict verdict = shield_->Limit(proposed, up);
  for (size_t r = 0; r < broken_.size(); ++r) broken_[r] += verdict.broken[r];
  if (!shield_->Audit(verdict.weights, up).empty()) ++unsafe_decisions_;
  return verdict.weights;
}

Action BalancerController::Decide(const Observation& observation) {
  ++decisions_;
  PoolView view = PoolViewOf(observation.values, setup_);
  view.weights = weights_;
  const std::vector<double> weights =
      Executed(Proposed(observation.time, view), view);
  Action action;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] == weights_[i]) continue;
    action.settings[WeightSetting(setup_.names[i])] = weights[i];
  }
  weights_ = weights;
  return action;
}

std::vector<Metric> BalancerController::Metrics() const {
  std::vector<Metric> metrics = {
      {"balancer.decisions", "1", "decisions", static_cast<double>(decisions_)},
      {"balancer.fallback", "1",
       "decisions by capacity, for want of observations",
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
    LoadPolicy(policy);
  } else if (!policy.empty()) {
    throw PolicyError(
        fmt::format("agent '{}' is not trained and takes no policy", agent));
  }
}

std::unique_ptr<Controller> CreateBalancer(const std::string& agent,
                                           const std::string& policy,
                                           const BalancerConfig& balancer) {
  if (agent == kLoadBalancer) {
    const PoolSetup setup = PoolSetupOf(balancer);
    Policy trained = LoadPolicy(policy);
    CheckFits(trained, setup, policy);
    return std::make_unique<BalancerController>(
        std::make_unique<TrainedWeights>(std::move(trained), setup), true,
        balancer);
  }
  CheckBalancerPolicy(agent, policy);
  const WeightPolicyRow* const row = FindWeightPolicy(agent);
  AIRLOCK_CHECK(row != nullptr);
  return std::make_unique<BalancerController>(row->create(balancer), row->looks,
                                              balancer);
}

}  // namespace airlock
