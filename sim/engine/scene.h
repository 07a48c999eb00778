#pragma once

#include "sim/engine/simulation.h"

namespace airlock {

// A network that is built and settled once and then run once a replication: the
// worker forks a child for each, which calls Start(), so replications share the
// settled state and nothing else.
class Scene : public Simulation {
 public:
  // Builds the network and runs it until it is settled: stations associated,
  // addresses and routes known, no random traffic yet. Called once, first.
  virtual void Settle() = 0;

  // In the replication's own process: takes every random stream from the
  // scenario's seed and `replication`, and starts the traffic. From here Now()
  // counts from 0. Called once, after Settle().
  virtual void Start(Replication replication) = 0;
};

}  // namespace airlock
