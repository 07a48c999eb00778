#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agents/balancing/pool_view.h"
#include "sim/scenario/scenario.h"

namespace airlock {

// Who says what weights a pool's servers should have.
class WeightPolicy {
 public:
  virtual ~WeightPolicy() = default;
  // One weight a server, 0 to 2.
  virtual std::vector<double> Decide(SimTime time, const PoolView& view) = 0;
};

// A row of the balancers among `airlock list agents`.
struct WeightPolicyRow {
  const char* name;
  const char* description;
  bool looks;  // at what is observed
  bool knows;  // what nobody could outside a simulation
  std::unique_ptr<WeightPolicy> (*create)(const BalancerConfig& balancer);
};
// The ones that need no training.
const std::vector<WeightPolicyRow>& WeightPolicies();
// Null: there is none of this name.
const WeightPolicyRow* FindWeightPolicy(const std::string& name);

}  // namespace airlock
