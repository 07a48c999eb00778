#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agents/env/env.h"
#include "sim/engine/observed_simulation.h"
#include "sim/engine/scene.h"
#include "sim/scenario/scenario.h"

namespace airlock {

// What a task makes of a network: everything by the counters that its devices
// report, nothing by the simulator's knowledge.
class NetworkTaskRules {
 public:
  virtual ~NetworkTaskRules() = default;

  virtual const EnvSpec& spec() const = 0;
  virtual Action ActionOf(const double* choices) const = 0;
  // The reward of the interval that `counters` are of; writes its costs.
  virtual double Judge(const Observation& counters, double* costs) const = 0;
  // Writes what the policy sees of it; `counters` may have missing values.
  virtual void Show(const Observation& counters, double* observation) const = 0;
};

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

// A row of `airlock list network-tasks`.
struct NetworkTaskRow {
  const char* name;
  const char* description;
  // Throws InputError for a scenario that has not what the task needs.
  std::unique_ptr<NetworkTaskRules> (*create)(const Scenario& scenario);
};
const std::vector<NetworkTaskRow>& NetworkTasks();
// Throws InputError that lists the known ones.
const NetworkTaskRow& NetworkTaskNamed(const std::string& name);

// Decisions of an episode: throws InputError if the run has none.
int64_t DecisionsOf(const Scenario& scenario);

// The tasks: channel_hop.cc, channel_plan.cc.
std::unique_ptr<NetworkTaskRules> ChannelHopRules(const Scenario& scenario);
std::unique_ptr<NetworkTaskRules> ChannelPlanRules(const Scenario& scenario);

}  // namespace airlock
