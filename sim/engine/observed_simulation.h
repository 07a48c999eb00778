#pragma once

#include <deque>
#include <map>
#include <string>

#include "sim/base/rng.h"
#include "sim/engine/simulation.h"
#include "sim/scenario/scenario.h"

namespace airlock {

// A simulation as its controller sees it through `controller.observation`: with
// errors of measurement, values that are missing or old, and late. A value is
// first measured (error), then old (staleness: the value as it was seen before
// stays) or lost (dropout), then late (delay: until the first one has come,
// every value is missing). All else goes straight through.
//
// Each of the three draws for each column is a stream of its own,
// "observation/noise/COLUMN", "observation/staleness/COLUMN" and
// "observation/dropout/COLUMN", so a column more, or another probability, moves
// no other.
class ObservedSimulation : public Simulation {
 public:
  // `simulation` must outlive it.
  ObservedSimulation(Simulation* simulation, const ObservationConfig& config,
                     uint64_t seed, Replication replication);

  SimTime Now() const override { return simulation_->Now(); }
  void AdvanceTo(SimTime time) override { simulation_->AdvanceTo(time); }
  Observation Observe() override;
  void Apply(const Action& action) override { simulation_->Apply(action); }
  ReplicationRecord Finish() override { return simulation_->Finish(); }

 private:
  struct Draws {
    RngStream noise;
    RngStream staleness;
    RngStream dropout;
  };

  Draws& DrawsOf(const std::string& column);
  double Measured(const std::string& column, double value, Draws* draws) const;

  Simulation* simulation_;
  const ObservationConfig config_;
  const RngTree rng_;
  const Replication replication_;
  std::map<std::string, Draws> draws_;
  std::map<std::string, double> seen_;  // the values before
  std::deque<std::map<std::string, double>> on_their_way_;
};

}  // namespace airlock
