#pragma once

#include <memory>
#include <vector>

#include "sim/engine/simulation.h"

namespace airlock {

// Controllers that share a network, each with access points of its own: one
// channel planner a band. No setting is in the hands of two.
class BandPlanners : public Controller {
 public:
  // At least one; all count the same metrics.
  explicit BandPlanners(std::vector<std::unique_ptr<Controller>> bands);

  Action Decide(const Observation& observation) override;
  // The sums over the bands.
  std::vector<Metric> Metrics() const override;
  // Band by band.
  std::vector<ExplainedDecision> TakeDecisions() override;
  nlohmann::json Save() const override;
  void Load(const nlohmann::json& saved) override;

 private:
  const std::vector<std::unique_ptr<Controller>> bands_;
};

}  // namespace airlock
