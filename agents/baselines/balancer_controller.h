#pragma once

#include <array>
#include <cstdint>
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

// Sets the weights of a server pool as a policy says. An observation that
// cannot be believed (DoubtOf()) is not shown to it: the weights stay, or,
// behind a shield and after `fallback_after` of them in a row, are those by
// capacity. A shield limits whatever is set.
class BalancerController : public Controller {
 public:
  // `looks`: whether the policy looks at observations at all.
  BalancerController(std::unique_ptr<WeightPolicy> policy, bool looks,
                     const BalancerConfig& balancer);

  Action Decide(const Observation& observation) override;
  // Decisions, those of the fallback, servers that the shield held by rule, and
  // executed weights that an audit found unsafe.
  std::vector<Metric> Metrics() const override;

 private:
  std::vector<double> Proposed(SimTime time, const PoolView& view);
  std::vector<double> Executed(const std::vector<double>& proposed,
                               const PoolView& view);

  const std::unique_ptr<WeightPolicy> policy_;
  const bool looks_;
  const PoolSetup setup_;
  const std::optional<WeightShieldConfig> limits_;
  std::optional<WeightShield> shield_;
  std::vector<double> weights_;  // that are set
  int64_t doubtful_in_a_row_ = 0;
  int64_t decisions_ = 0;
  int64_t fallback_decisions_ = 0;
  int64_t unsafe_decisions_ = 0;
  std::array<int64_t, kWeightRules> broken_ = {};
};

// The agent of this name, of WeightPolicies() or `load-balancer`, which runs
// the policy of the file. Throws PolicyError for a file that is missing,
// damaged, of another pool, or not asked for.
std::unique_ptr<Controller> CreateBalancer(const std::string& agent,
                                           const std::string& policy,
                                           const BalancerConfig& balancer);
bool IsBalancer(const std::string& agent);
// Throws PolicyError for a file that is missing, damaged or not asked for.
void CheckBalancerPolicy(const std::string& agent, const std::string& policy);

inline constexpr char kLoadBalancer[] = "load-balancer";

}  // namespace airlock
