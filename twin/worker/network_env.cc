#include "twin/worker/network_env.h"

#include "sim/base/error.h"
#include "twin/worker/what_if.h"

namespace airlock {

// The scene, and what it last reported before anything happened to it.
class NetworkEnv::Tapped : public Simulation {
 public:
  Tapped(Scene* scene, const Scenario& scenario, Replication replication)
      : scene_(scene), shield_(scene, scenario, replication) {}

  SimTime Now() const override { return scene_->Now(); }
  void AdvanceTo(SimTime time) override { scene_->AdvanceTo(time); }
  Observation Observe() override { return counters = scene_->Observe(); }
  void Apply(const Action& action) override { shield_.Apply(action); }
  ReplicationRecord Finish() override { return scene_->Finish(); }

  Observation counters;

 private:
  Scene* const scene_;
  WhatIfShield shield_;
};

NetworkEnv::NetworkEnv(Scene* scene, const Scenario& scenario,
                       std::unique_ptr<NetworkTaskRules> rules)
    : scene_(scene), scenario_(scenario), rules_(std::move(rules)) {}

NetworkEnv::~NetworkEnv() = default;

void NetworkEnv::Reset(RngStream random) {
  AIRLOCK_CHECK(!tapped_, "a scene lives once");
  const Replication replication(
      static_cast<int64_t>(random.UniformInt(uint64_t{1} << 31)));
  scene_->Start(replication);
  tapped_ = std::make_unique<Tapped>(scene_, scenario_, replication);
  observed_ = std::make_unique<ObservedSimulation>(
      tapped_.get(), scenario_.controller.observation,
      static_cast<uint64_t>(scenario_.run.seed), replication);
  Advance();
}

void NetworkEnv::Advance() {
  tapped_->AdvanceTo(tapped_->Now() + scenario_.controller.interval);
  seen_ = observed_->Observe();
}

Env::Outcome NetworkEnv::Step(const double* action, double* costs) {
  tapped_->Apply(rules_->ActionOf(action));
  Advance();
  Outcome outcome;
  outcome.reward = rules_->Judge(tapped_->counters, costs);
  return outcome;
}

void NetworkEnv::Observe(double* observation) const {
  rules_->Show(seen_, observation);
}

std::vector<double> NetworkEnv::Staying() const {
  return rules_->Staying(tapped_->counters);
}

nlohmann::json NetworkEnv::Save() const {
  throw Error(spec().name + ": a network cannot be saved");
}

void NetworkEnv::Load(const nlohmann::json&) {
  throw Error(spec().name + ": a network cannot be loaded");
}

}  // namespace airlock
