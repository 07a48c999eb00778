#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agents/balancing/pool_view.h"
#include "agents/balancing/weight_shield.h"
#include "agents/env/env.h"
#include "agents/env/safety_tally.h"
#include "sim/base/units.h"
#include "sim/surrogate/pool_model.h"

namespace airlock {

struct BalancerEnvOptions {
  BalancerConfig balancer;
  SimTime interval = Milliseconds(250);  // of a decision
  int64_t steps = 240;                   // of an episode
  // fairness: 1 - max/mean over the live servers of the decayed mean duration
  // of flows (Yao et al. 2022). completion: minus the flows on all servers by
  // capacity, whose sum over time is the sum of completion times (Little), and
  // for each that fails as much as if it stayed for 40 decisions: to lose flows
  // must not pay.
  std::string reward = "completion";
  // Another load, and other slow-downs and failures, for each episode.
  bool randomise = true;
  std::shared_ptr<const Trace> trace;  // of a load of kind trace
  std::shared_ptr<SharedTally> tally;  // none: nobody counts
};

// A server pool on the fast engine, for agents that set the weights at every
// interval: what is observed is WritePoolFeatures(), the action a weight of
// each server, behind the scenario's shield where it has one. Cost "late", of
// a scenario with an agreement: share of the flows that ended in the interval
// and failed or took longer than agreed.
class BalancerEnv : public Env {
 public:
  // Throws InputError for an unknown reward, no steps, or a trace that is to
  // be randomised.
  explicit BalancerEnv(const BalancerEnvOptions& options);

  const EnvSpec& spec() const override { return spec_; }
  void Reset(RngStream random) override;
  Outcome Step(const double* action, double* costs) override;
  void Observe(double* observation) const override;
  std::vector<double> Staying() const override { return view_.weights; }
  // The actions so far: an episode is repeated up to where it was.
  nlohmann::json Save() const override;
  void Load(const nlohmann::json& state) override;

 private:
  BalancerConfig Draw(RngStream* rng) const;
  void Begin(uint64_t seed);
  std::vector<bool> Up() const;
  std::vector<double> Executed(const double* action);
  void Look();
  double Reward() const;

  const BalancerEnvOptions options_;
  const PoolSetup setup_;
  EnvSpec spec_;
  uint64_t seed_ = 0;  // of the episode
  std::vector<std::vector<double>> actions_;
  std::optional<Pool> pool_;
  std::optional<WeightShield> shield_;
  std::vector<Pool::Counts> counts_;  // at the last decision
  int64_t refused_ = 0;               // so too
  PoolView view_;
  double late_ = 0;    // share in the last interval
  double failed_ = 0;  // flows in the last interval
};

}  // namespace airlock
