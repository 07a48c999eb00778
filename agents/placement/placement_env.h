#pragma once

#include <memory>
#include <vector>

#include "agents/env/env.h"
#include "agents/env/safety_tally.h"
#include "agents/placement/placement_features.h"
#include "agents/placement/placement_shield.h"
#include "sim/base/units.h"

namespace airlock {

struct PlacementEnvOptions {
  ServersConfig servers;
  SimTime interval = Milliseconds(1000);  // of a decision
  int64_t steps = 96;                     // of an episode
  std::shared_ptr<SharedTally> tally;     // none: nobody counts
};

// The servers of a scenario on SteadyModel, interval by interval, each episode
// another course of its loads: cores and machines by PlacementFeatures, behind
// a PlacementShield (the scenario's, or one with default limits).
// - Reward: minus the share of the machines in use, a twentieth of the share of
//   the cores, and a tenth of the share of the functions that change.
// - Costs: "violations", share of the chains whose agreement does not hold in
//   the interval; "moves", share of the functions that change their machine.
// An episode starts with the scenario's placement.
class PlacementEnv : public Env {
 public:
  // Throws InputError as PlacementSetupOf() and LoadForecast().
  explicit PlacementEnv(const PlacementEnvOptions& options);

  const EnvSpec& spec() const override { return spec_; }
  void Reset(RngStream random) override;
  Outcome Step(const double* action, double* costs) override;
  void Observe(double* observation) const override;
  void Allow(uint8_t* allowed) const override;
  std::vector<double> Staying() const override;
  nlohmann::json Save() const override;
  void Load(const nlohmann::json& state) override;

  // For whoever plays it without a policy: baselines.
  const PlacementSetup& setup() const { return setup_; }
  const PlacementView& view() const { return view_; }
  const PlacementPlan& plan() const { return plan_; }
  const std::vector<Placement>& placed() const { return placed_; }
  // A step with a plan in the place of choices; `shielded`: as Step() does it.
  Outcome StepWith(const PlacementPlan& proposed, bool shielded, double* costs);

 private:
  void Begin(uint64_t seed);
  PlacementPlan Admitted(const PlacementPlan& proposed);
  // The interval that begins now, in which functions rest for `rest`.
  void Serve(const std::vector<double>& rest);

  const PlacementEnvOptions options_;
  const PlacementSetup setup_;
  const PlacementShield shield_;
  PlacementFeatures features_;
  EnvSpec spec_;
  uint64_t seed_ = 0;                         // of the episode
  std::vector<std::vector<double>> courses_;  // of its loads, by chain
  std::vector<Placement> placed_;
  PlacementPlan plan_;
  PlacementView view_;
  SteadyState state_;
  int64_t step_ = 0;
};

}  // namespace airlock
