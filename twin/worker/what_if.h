#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "agents/env/station_floor.h"
#include "sim/base/rng.h"
#include "sim/engine/simulation.h"
#include "sim/scenario/scenario.h"

namespace airlock {

// What a branch came to over its horizon.
struct BranchOutcome {
  double delivered_rate = 0;  // bit/s
  double delay_p95 = 0;       // s; NaN: nothing was delivered
  double starving = 0;        // share of the stations
};

// Whether `action` is worse than `fallback` by more than `margin`: delivers
// less than 1 - margin of it, has a 95th percentile of the delay above
// 1 + margin of its (or none, where the other has one), or starves more of the
// stations by that share.
bool IsWorse(const BranchOutcome& action, const BranchOutcome& fallback,
             double margin);

// A simulation in which an action is tried before it is taken, as
// `controller.what_if` says: this process is forked twice, once with the action
// and once without (the plan in force stays); both run for the horizon, at most
// to the end of the run, with the random streams as they are, so with common
// random numbers; where the first IsWorse() it is vetoed: nothing is applied.
// Empty actions go through untried. Without `what_if` everything goes straight
// through.
//
// Some vetoes, drawn from the stream "what-if/audit", are judged again over the
// longer horizon: a veto is regretted where the action was then not worse and
// delivered more. That changes nothing but the count.
//
// Never holds outside: this process has one thread where Apply() is called.
class WhatIfShield : public Simulation {
 public:
  // `simulation` must outlive it.
  WhatIfShield(Simulation* simulation, const Scenario& scenario,
               Replication replication);

  SimTime Now() const override { return simulation_->Now(); }
  void AdvanceTo(SimTime time) override { simulation_->AdvanceTo(time); }
  Observation Observe() override { return simulation_->Observe(); }
  // Throws as the simulation's; Error if a branch dies.
  void Apply(const Action& action) override;
  ReplicationRecord Finish() override { return simulation_->Finish(); }

  // Whether the last action was vetoed.
  bool vetoed_last() const { return vetoed_last_; }
  // What it did; none without `what_if`.
  std::vector<Metric> Metrics() const;

 private:
  struct Pair {
    BranchOutcome action, fallback;
  };
  // Both branches, side by side in time.
  Pair Try(const Action& action, SimTime horizon);
  BranchOutcome Branch(const Action& action, SimTime end);
  void Audit(const Action& action);

  Simulation* const simulation_;
  const std::optional<WhatIfConfig> config_;
  const SimTime end_;
  std::vector<StationFloor> floors_;
  RngStream audits_;
  int64_t tried_ = 0;
  int64_t vetoed_ = 0;
  bool vetoed_last_ = false;
  int64_t audited_ = 0;
  int64_t regretted_ = 0;
  double branch_seconds_ = 0;  // simulated
};

}  // namespace airlock
