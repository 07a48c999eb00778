#include "agents/balancing/weight_rules.h"

#include <algorithm>
#include <utility>

namespace airlock {
namespace {

// Weights that stay.
class FixedWeights : public WeightPolicy {
 public:
  explicit FixedWeights(std::vector<double> weights)
      : weights_(std::move(weights)) {}
  std::vector<double> Decide(SimTime, const PoolView&) override {
    return weights_;
  }

 private:
  const std::vector<double> weights_;
};

// The fewer flows a server has, the more it gets: 1 / (n_flow_on + 1), without
// regard to its capacity.
class LeastLoaded : public WeightPolicy {
 public:
  explicit LeastLoaded(PoolSetup setup) : setup_(std::move(setup)) {}
  std::vector<double> Decide(SimTime, const PoolView& view) override {
    std::vector<double> weights;
    for (const ServerView& server : view.servers) {
      weights.push_back(1 / (std::max(0.0, server.flows_on) + 1));
    }
    return Normalised(std::move(weights), setup_);
  }

 private:
  const PoolSetup setup_;
};

// Knows what nobody could: how much each server can do at this instant.
class TrueCapacity : public WeightPolicy {
 public:
  explicit TrueCapacity(const BalancerConfig& balancer)
      : setup_(PoolSetupOf(balancer)), events_(balancer.events) {}
  std::vector<double> Decide(SimTime time, const PoolView&) override {
    std::vector<double> weights = setup_.capacities;
    for (const PoolEvent& event : events_) {
      if (time < event.from || time >= event.until) continue;
      const auto server =
          std::find(setup_.names.begin(), setup_.names.end(), event.server);
      weights[static_cast<size_t>(server - setup_.names.begin())] *=
          event.kind == "failure" ? 0 : event.pace.value();
    }
    return Normalised(std::move(weights), setup_);
  }

 private:
  const PoolSetup setup_;
  const std::vector<PoolEvent> events_;
};

std::unique_ptr<WeightPolicy> Ecmp(const BalancerConfig& balancer) {
  return std::make_unique<FixedWeights>(
      std::vector<double>(balancer.servers.size(), 1));
}

std::unique_ptr<WeightPolicy> Wcmp(const BalancerConfig& balancer) {
  const PoolSetup setup = PoolSetupOf(balancer);
  return std::make_unique<FixedWeights>(Normalised(setup.capacities, setup));
}

std::unique_ptr<WeightPolicy> Lsq(const BalancerConfig& balancer) {
  return std::make_unique<LeastLoaded>(PoolSetupOf(balancer));
}

std::unique_ptr<WeightPolicy> Known(const BalancerConfig& balancer) {
  return std::make_unique<TrueCapacity>(balancer);
}

}  // namespace

const std::vector<WeightPolicyRow>& WeightPolicies() {
  static const std::vector<WeightPolicyRow> kRows = {
      {"ecmp", "server pool: equal weights", false, false, Ecmp},
      {"wcmp", "server pool: weights by configured capacity", false, false,
       Wcmp},
      {"lsq", "server pool: weights by 1 / (flows on the server + 1)", true,
       false, Lsq},
      {"true-capacity",
       "server pool: weights by what each server can do at the moment, "
       "slow-downs and failures included; knows more than anybody could",
       false, true, Known},
  };
  return kRows;
}

const WeightPolicyRow* FindWeightPolicy(const std::string& name) {
  for (const WeightPolicyRow& row : WeightPolicies()) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

}  // namespace airlock
