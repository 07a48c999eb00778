#pragma once

#include <memory>
#include <vector>

#include "agents/env/network_task.h"
#include "sim/engine/observed_simulation.h"
#include "sim/engine/scene.h"
#include "sim/scenario/scenario.h"

namespace airlock {

// A task on a simulated network. A decision every `controller.interval`: the
// action applies from its start, the reward is of its end. An episode is one
// run of the scenario, of which the first interval is only looked at: until the
// run's duration, which the spec's time limit says. The policy sees the
// counters through `controller.observation`; rewards and costs are of the
// counters themselves.
//
// With `controller.what_if`, an action that it vetoes is not taken, whatever
// the interval then brings.
//
// Never holds outside: a scene lives once, so one episode; there is nothing to
// save (EpisodeActors repeats actions instead).
class NetworkEnv : public Env {
 public:
  // `scene` is settled and not started, and must outlive it.
  NetworkEnv(Scene* scene, const Scenario& scenario,
             std::unique_ptr<NetworkTaskRules> rules);
  ~NetworkEnv() override;

  const EnvSpec& spec() const override { return rules_->spec(); }
  // Once. The replication that it is, is drawn.
  void Reset(RngStream random) override;
  Outcome Step(const double* action, double* costs) override;
  void Observe(double* observation) const override;
  std::vector<double> Staying() const override;
  // Both throw Error.
  nlohmann::json Save() const override;
  void Load(const nlohmann::json& state) override;

 private:
  class Tapped;
  void Advance();

  Scene* const scene_;
  const Scenario scenario_;
  const std::unique_ptr<NetworkTaskRules> rules_;
  std::unique_ptr<Tapped> tapped_;
  std::unique_ptr<ObservedSimulation> observed_;
  Observation seen_;
};

}  // namespace airlock
