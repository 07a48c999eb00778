#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agents/balancing/pool_view.h"
#include "agents/balancing/weight_rules.h"
#include "agents/balancing/weight_shield.h"
#include "sim/engine/simulation.h"
#include "sim/scenario/scenario.h"

namespace airlock {

// Who else than the observation may say that the policy must not decide, and
// what decides then.
struct BalancerDoubt {
  // Asked before every decision: why not, or nothing. May be null.
  std::function<std::string()> why;
  // One of WeightPolicies() that does not look, or `static`: the weights stay.
  // Empty: behind a shield `wcmp`, else `static`. For the observations that
  // cannot be believed too.
  std::string fallback;
};

// Sets the weights of a server pool as a policy says. While there is a doubt
// the fallback decides. So it does where `fallback_after` observations in a row
// cannot be believed (DoubtOf()); before that, and without a shield, which says
// after how many, the weights stay. A shield limits whatever is set. Explains
// every weight that changes or is held.
class BalancerController : public Controller {
 public:
  // `looks`: whether the policy looks at observations at all. `doubt` and
  // `fallback` as in BalancerDoubt; a null `fallback` leaves the weights.
  BalancerController(std::unique_ptr<WeightPolicy> policy, bool looks,
                     const BalancerConfig& balancer,
                     std::function<std::string()> doubt,
                     std::unique_ptr<WeightPolicy> fallback);

  Action Decide(const Observation& observation) override;
  std::vector<ExplainedSetting> TakeSettings() override;
  nlohmann::json Save() const override;
  void Load(const nlohmann::json& saved) override;
  // Decisions, those of the fallback, servers that the shield held by rule, and
  // executed weights that an audit found unsafe.
  std::vector<Metric> Metrics() const override;

 private:
  // Who decides, why, and the weights that are asked for.
  struct Proposal {
    std::string by;
    std::string reason;  // empty: because of what was observed
    std::vector<double> weights;
  };
  Proposal Propose(SimTime time, const PoolView& view);
  Proposal FallBack(SimTime time, const PoolView& view,
                    const std::string& reason);
  WeightVerdict Execute(const Proposal& proposal, const PoolView& view);
  void Explain(SimTime time, const PoolView& view, const Proposal& proposal,
               const WeightVerdict& verdict);

  const std::unique_ptr<WeightPolicy> policy_;
  const bool looks_;
  const std::function<std::string()> doubt_;      // may be null
  const std::unique_ptr<WeightPolicy> fallback_;  // null: weights stay
  const PoolSetup setup_;
  const std::optional<WeightShieldConfig> limits_;
  std::optional<WeightShield> shield_;
  std::vector<double> weights_;  // that are set
  int64_t doubtful_in_a_row_ = 0;
  int64_t decisions_ = 0;
  int64_t fallback_decisions_ = 0;
  int64_t unsafe_decisions_ = 0;
  std::array<int64_t, kWeightRules> broken_ = {};
  std::vector<ExplainedSetting> explained_;  // since they were taken
};

// The agent of this name, of WeightPolicies(), `load-balancer`, which runs the
// policy of the file, or `static`, which changes nothing but what a shield
// must. Throws PolicyError for a file that is missing, damaged, of another
// pool, or not asked for; InputError for a fallback that is none.
std::unique_ptr<Controller> CreateBalancer(const std::string& agent,
                                           const std::string& policy,
                                           const BalancerConfig& balancer,
                                           const BalancerDoubt& doubt = {});
// Names of what may be a fallback, `static` first.
std::vector<std::string> BalancerFallbacks();
bool IsBalancer(const std::string& agent);
// Throws PolicyError for a file that is missing, damaged or not asked for.
void CheckBalancerPolicy(const std::string& agent, const std::string& policy);

inline constexpr char kLoadBalancer[] = "load-balancer";

}  // namespace airlock
